"""The source of the corpus: the attribution that must go with its notes, and the form of its ids."""

NAME = "MEDEC"
IDS = ("ms-", "uw-")
"""The prefixes of the ids of its two collections."""
_CITATION = """\
@inproceedings{medec,
  title     = {{MEDEC}: A Benchmark for Medical Error Detection and Correction in Clinical Notes},
  author    = {Ben Abacha, Asma and Yim, Wen-wai and Fu, Yujuan and Sun, Zhaoyi and Yetisgen, Meliha
               and Xia, Fei and Lin, Thomas},
  booktitle = {Findings of the Association for Computational Linguistics: ACL 2025},
  year      = {2025},
  url       = {https://arxiv.org/abs/2412.19260},
}"""
SOURCE = f"""\
The pairs come from [MEDEC](https://github.com/abachaa/MEDEC), licence
[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/): whoever passes these data on names its authors and says
that the notes were changed (the CORRECT ones were paraphrased).

```bibtex
{_CITATION}
```
"""
"""The attribution for a dataset card."""
