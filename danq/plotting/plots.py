"""Old names, until every importer has moved."""

from danq.plotting.charts import canvas, effect_matrix, effects, prevalence, scatter_models
from danq.plotting.curves import interaction_curves, precision_recall, reliability, training_curves
from danq.plotting.inline import figure_svg as svg
from danq.plotting.logos import logo, score_logo, score_track
from danq.plotting.style import BASES, COLOURS, INK, MARKERS, OTHER, Style, hue, styles
from danq.plotting.style import dress as _dress
from danq.plotting.style import legend_entries as legend
from danq.plotting.svg import Locus, bases_svg, interval_svg, locus_svg, logo_svg
