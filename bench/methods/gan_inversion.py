"""Arithmetic on the codes of a generator, found by optimisation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from bench.methods import face_codes
from bench.methods.face_codes import CodeArithmetic
from bench.methods.fingerprint import code_sha256
from bench.methods.generator import codes
from bench.methods.generator.codes import GeneratorCodes
from bench.methods.generator.inversion import Perceptual
from bench.methods.generator.loading import ValueRange, load_generator
from bench.methods.generator.shipped import shipped_path
from bench.plugins.contracts import MethodCard, MethodContext
from bench.plugins.parameters import Bounds

__all__ = ["GanInversion"]


class GanInversion(CodeArithmetic):
    """``y = G(mean w_target + alpha (w_source - mean w_source))``, w found by optimisation.

    A generator has no exact inverse: what it cannot show of a face is lost before any transfer,
    the comparison of Figure 1 of the reference paper.

    Args:
        generator: TorchScript file, see :mod:`bench.methods.generator.loading`; by default the
            dataset's, where one comes with the package.
        trust: whether the code in a file that does not come with the package may run.
        value_range: of the generator's images, where it does not say so itself.
        size: numbers of a code, where the generator has no ``mean_w``.
        steps, learning_rate: of the search for a code, see
            :func:`bench.methods.generator.inversion.find_codes`.
        perceptual: whether LPIPS is part of the distance; ``auto``: where it is installed.
    """

    card = MethodCard(
        "gan-inversion",
        "arithmetic on a generator's codes: y = G(mean w_tgt + alpha (w_src - mean w_src))",
        citation=(
            "Abdal, Qin and Wonka, Image2StyleGAN, ICCV 2019; "
            "equation (2) of Valenzuela et al., CVPRW 2021"
        ),
        on_boards=False,
    )

    def __init__(
        self,
        generator: Path | None = None,
        trust: bool = False,
        value_range: ValueRange = "auto",
        size: Annotated[int, Bounds(0)] = 0,
        steps: Annotated[int, Bounds(1)] = 100,
        learning_rate: Annotated[float, Bounds(0)] = 0.2,
        perceptual: Perceptual = "auto",
    ) -> None:
        self.generator = generator
        self.trust = trust
        self.value_range: ValueRange = value_range
        self.size = size
        self.steps = steps
        self.learning_rate = learning_rate
        self.perceptual: Perceptual = perceptual

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        path = self.generator or shipped_path(context.dataset)
        if path is None:
            raise ValueError(
                f"no generator of {context.dataset} comes with the package: give a TorchScript "
                "file, --param generator=FILE"
            )
        generator = load_generator(
            path,
            trust=self.trust,
            value_range=self.value_range,
            size=self.size,
            device=context.device,
        )
        self.codes = GeneratorCodes(
            generator,
            context,
            steps=self.steps,
            learning_rate=self.learning_rate,
            perceptual=self.perceptual,
        )
        return {**self.codes.fingerprint, "code_sha256": code_sha256(codes, face_codes)}
