"""The works behind the instruments and methods that come with the package, to be cited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bench.report.bibtex import Entry, key_of

__all__ = ["NATURALNESS", "REFERENCE_PAPER", "of_instrument", "of_method", "of_training"]


def _work(kind: str, authors: Sequence[str], title: str, year: int, **fields: str) -> Entry:
    last_name = authors[0].split(" ")[-1]
    return Entry(
        kind,
        key_of(last_name, year, title.split(" ")[0].split(":")[0]),
        tuple(authors),
        (("title", title), *fields.items(), ("year", str(year))),
    )


REFERENCE_PAPER: Final = _work(
    "inproceedings",
    ("Andrea Valenzuela", "Carlos Segura", "Ferran Diego", "Vicenç Gómez"),
    "Expression Transfer Using Flow-Based Generative Models",
    2021,
    booktitle="IEEE/CVF Conference on Computer Vision and Pattern Recognition Workshops",
    doi="10.1109/CVPRW53098.2021.00113",
)
NATURALNESS: Final = _work(
    "article",
    ("Anish Mittal", "Rajiv Soundararajan", "Alan C. Bovik"),
    "Making a ‘Completely Blind’ Image Quality Analyzer",
    2013,
    journal="IEEE Signal Processing Letters",
    volume="20",
    number="3",
    pages="209-212",
    doi="10.1109/LSP.2012.2227726",
)
_GLOW: Final = _work(
    "inproceedings",
    ("Diederik P. Kingma", "Prafulla Dhariwal"),
    "Glow: Generative Flow with Invertible 1x1 Convolutions",
    2018,
    booktitle="Advances in Neural Information Processing Systems",
    url="https://arxiv.org/abs/1807.03039",
)
_FACENET: Final = _work(
    "inproceedings",
    ("Florian Schroff", "Dmitry Kalenichenko", "James Philbin"),
    "FaceNet: A Unified Embedding for Face Recognition and Clustering",
    2015,
    booktitle="IEEE Conference on Computer Vision and Pattern Recognition",
    doi="10.1109/CVPR.2015.7298682",
)
_INSTRUMENTS: Final = {
    "mobilefacenet": (
        _work(
            "inproceedings",
            ("Sheng Chen", "Yang Liu", "Xiang Gao", "Zhen Han"),
            "MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification on Mobile "
            "Devices",
            2018,
            booktitle="Biometric Recognition (CCBR)",
            pages="428-438",
            doi="10.1007/978-3-319-97909-0_46",
        ),
    ),
    "arcface-onnx": (
        _work(
            "inproceedings",
            ("Jiankang Deng", "Jia Guo", "Niannan Xue", "Stefanos Zafeiriou"),
            "ArcFace: Additive Angular Margin Loss for Deep Face Recognition",
            2019,
            booktitle="IEEE/CVF Conference on Computer Vision and Pattern Recognition",
            doi="10.1109/CVPR.2019.00482",
        ),
    ),
    "facenet-vggface2": (
        _FACENET,
        _work(
            "inproceedings",
            ("Qiong Cao", "Li Shen", "Weidi Xie", "Omkar M. Parkhi", "Andrew Zisserman"),
            "VGGFace2: A Dataset for Recognising Faces across Pose and Age",
            2018,
            booktitle="IEEE International Conference on Automatic Face and Gesture Recognition",
            doi="10.1109/FG.2018.00020",
        ),
    ),
    "facenet-casia": (
        _FACENET,
        _work(
            "misc",
            ("Dong Yi", "Zhen Lei", "Shengcai Liao", "Stan Z. Li"),
            "Learning Face Representation from Scratch",
            2014,
            url="https://arxiv.org/abs/1411.7923",
        ),
    ),
    "mediapipe": (
        _work(
            "misc",
            (
                "Camillo Lugaresi", "Jiuqiang Tang", "Hadon Nash", "Chris McClanahan",
                "Esha Uboweja", "Michael Hays", "Fan Zhang", "Chuo-Ling Chang", "Ming Guang Yong",
                "Juhyun Lee", "Wan-Teh Chang", "Wei Hua", "Manfred Georg", "Matthias Grundmann",
            ),
            "MediaPipe: A Framework for Building Perception Pipelines",
            2019,
            url="https://arxiv.org/abs/1906.08172",
        ),
    ),
    "py-feat": (
        _work(
            "article",
            (
                "Jin Hyun Cheong", "Eshin Jolly", "Tiankang Xie", "Sophie Byrne",
                "Matthew Kenney", "Luke J. Chang",
            ),
            "Py-Feat: Python Facial Expression Analysis Toolbox",
            2023,
            journal="Affective Science",
            volume="4",
            pages="781-796",
            doi="10.1007/s42761-023-00191-4",
        ),
    ),
    "openface": (
        _work(
            "inproceedings",
            ("Tadas Baltrušaitis", "Amir Zadeh", "Yao Chong Lim", "Louis-Philippe Morency"),
            "OpenFace 2.0: Facial Behavior Analysis Toolkit",
            2018,
            booktitle="IEEE International Conference on Automatic Face and Gesture Recognition",
            doi="10.1109/FG.2018.00019",
        ),
    ),
}  # fmt: skip
_OF_METHODS: Final = (
    (
        "Eigenfaces for Recognition",
        _work(
            "article",
            ("Matthew Turk", "Alex Pentland"),
            "Eigenfaces for Recognition",
            1991,
            journal="Journal of Cognitive Neuroscience",
            volume="3",
            number="1",
            pages="71-86",
            doi="10.1162/jocn.1991.3.1.71",
        ),
    ),
    (
        "Expressive Expression Mapping with Ratio Images",
        _work(
            "inproceedings",
            ("Zicheng Liu", "Ying Shan", "Zhengyou Zhang"),
            "Expressive Expression Mapping with Ratio Images",
            2001,
            booktitle="Proceedings of SIGGRAPH",
            doi="10.1145/383259.383289",
        ),
    ),
    (
        "Poisson Image Editing",
        _work(
            "article",
            ("Patrick Pérez", "Michel Gangnet", "Andrew Blake"),
            "Poisson Image Editing",
            2003,
            journal="ACM Transactions on Graphics",
            volume="22",
            number="3",
            pages="313-318",
            doi="10.1145/882262.882269",
        ),
    ),
    (
        "Masked Linear Regression",
        _work(
            "article",
            (
                "Nazar Khan", "Arbish Akram", "Arif Mahmood", "Sania Ashraf", "Kashif Murtaza",
            ),
            "Masked Linear Regression for Learning Local Receptive Fields for Facial Expression "
            "Synthesis",
            2020,
            journal="International Journal of Computer Vision",
            volume="128",
            number="5",
            doi="10.1007/s11263-019-01256-3",
        ),
    ),
    (
        "Image2StyleGAN",
        _work(
            "inproceedings",
            ("Rameen Abdal", "Yipeng Qin", "Peter Wonka"),
            "Image2StyleGAN: How to Embed Images Into the StyleGAN Latent Space?",
            2019,
            booktitle="IEEE/CVF International Conference on Computer Vision",
            doi="10.1109/ICCV.2019.00453",
        ),
    ),
    (
        "arXiv 1906.02994",
        _work(
            "misc",
            (
                "Eric Nalisnick", "Akihiro Matsukawa", "Yee Whye Teh", "Balaji Lakshminarayanan",
            ),
            "Detecting Out-of-Distribution Inputs to Deep Generative Models Using Typicality",
            2019,
            url="https://arxiv.org/abs/1906.02994",
        ),
    ),
)  # fmt: skip
"""What stands in the citation of a method of this package, and the work that it means."""


def _photographs(name: str, title: str, doi: str) -> Entry:
    """Fields as the report makes them of a dataset's card, so that both are the same work."""
    note = "Licence: CC-BY-4.0"
    fields = (("title", title), ("doi", doi), ("url", ""), ("note", note), ("year", "2017"))
    return Entry("misc", key_of(name, 2017), ("Lisa DeBruine", "Benedict Jones"), fields)


_TRAINING: Final = {
    "Glow london-64": (
        _photographs("london", "Face Research Lab London Set", "10.6084/m9.figshare.5047666.v5"),
        _photographs(
            "ontario",
            "Young Adult White Faces with Manipulated Versions",
            "10.6084/m9.figshare.4220517.v1",
        ),
    ),
}
"""The data of others that a model of this package learnt from, by the model's name."""


def of_instrument(name: str) -> tuple[Entry, ...]:
    """The works behind an instrument of this package; none for any other."""
    return _INSTRUMENTS.get(name, ())


def of_training(model: str) -> tuple[Entry, ...]:
    """The data of others that a model of this package learnt from; none for any other."""
    return _TRAINING.get(model, ())


def of_method(citation: str, *, uses_glow: bool) -> tuple[Entry, ...]:
    """The works that the citation of a method of this package means.

    Args:
        citation: what the card of the method says.
        uses_glow: whether a Glow was used, whose paper it rests on then, too.
    """
    found = [entry for words, entry in _OF_METHODS if words in citation]
    if "Valenzuela" in citation:
        found.append(REFERENCE_PAPER)
    if uses_glow:
        found.append(_GLOW)
    return tuple(found)
