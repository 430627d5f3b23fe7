"""danq measures what a recurrent layer adds to a convolutional network that reads DNA.

The flow, one module per stage::

    genome FASTA + peak BEDs
      -> extract    dataset.h5                  (extract.py, over fasta.py, peaks.py, bins.py, sequence.py, dataset.py)
      -> train      one checkpoint per model    (train.py, over models.py, recipes.py, batches.py, checkpoint.py)
      -> predict    test-split probabilities    (predict.py; what to beat in baselines.py; the file: predictions.py)
      -> evaluate   metrics and comparison      (evaluate.py)
      -> motifs     filters as named motifs     (motifs.py, over sites.py, annotate.py and tomtom.py)
      -> ablate    what each filter does       (ablate.py)
      -> probe      coupled motif pairs         (probe.py)
      -> attribute  predictions, base by base   (attribute.py; the file: attributions.py; for browsers: tracks.py)
      -> report     one self-contained page     (report.py, over results.py, words.py, page.py, plots.py)

``simulate`` makes a genome with planted motifs and its peaks, for a first run without any data.
Coordinates are base pairs, 0-based and half-open, everywhere.
"""

__version__ = "0.1.0"
