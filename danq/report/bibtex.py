"""The papers to cite, as BibTeX."""

BIBTEX = """@software{{danq,
  title = {{danq: what does a recurrent layer add to a convolutional network that reads DNA?}},
  version = {{{version}}}
}}
@article{{zhou2015,
  author = {{Zhou, Jian and Troyanskaya, Olga G.}},
  title = {{Predicting effects of noncoding variants with deep learning-based sequence model}},
  journal = {{Nature Methods}}, volume = {{12}}, pages = {{931--934}}, year = {{2015}},
  doi = {{10.1038/nmeth.3547}}
}}
@article{{quang2016,
  author = {{Quang, Daniel and Xie, Xiaohui}},
  title = {{DanQ: a hybrid convolutional and recurrent deep neural network for quantifying the
    function of DNA sequences}},
  journal = {{Nucleic Acids Research}}, volume = {{44}}, pages = {{e107}}, year = {{2016}},
  doi = {{10.1093/nar/gkw226}}
}}
@article{{jaspar2024,
  author = {{Rauluseviciute, Ieva and others}},
  title = {{JASPAR 2024: 20th anniversary of the open-access database of transcription factor
    binding profiles}},
  journal = {{Nucleic Acids Research}}, volume = {{52}}, pages = {{D174--D182}}, year = {{2024}},
  doi = {{10.1093/nar/gkad1059}}
}}
@article{{gupta2007,
  author = {{Gupta, Shobhit and Stamatoyannopoulos, John A. and Bailey, Timothy L. and
    Noble, William Stafford}},
  title = {{Quantifying similarity between motifs}},
  journal = {{Genome Biology}}, volume = {{8}}, pages = {{R24}}, year = {{2007}},
  doi = {{10.1186/gb-2007-8-2-r24}}
}}
"""
"""What to cite; ``{version}`` stands for that of danq, and braces are doubled for `str.format`."""
