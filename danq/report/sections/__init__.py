"""The chapters of the report: each module turns findings into one or no `Section` of the page."""
