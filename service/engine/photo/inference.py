"""Inference: the predictions for a photo's crops, before they become an answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Self

from service.engine.detection.detector import Detection
from service.engine.model.card import Card
from service.engine.model.session import Prediction
from service.engine.photo.analysis import Analysis
from service.engine.photo.photo import Plan, plan_second_pass
from service.engine.photo.second_pass import second_pass_box
from service.engine.photo.timings import PhotoStats, Timings
from service.engine.photo.view import View
from service.engine.scheduling.deadline import Deadline


@dataclass(frozen=True)
class Inference:
    """The model's predictions for a photo's crops, with the seconds that decoding and running took."""

    plan: Plan
    predictions: Sequence[Prediction]
    decoding: float
    running: float
    runs: int
    """Runs of the model, those of an earlier pass among them."""
    detections: Sequence[Detection] | None = None
    """The people whom the detector found, one for each crop; None where nobody was looked for."""
    detecting: float | None = None
    """The seconds that took."""

    @classmethod
    def of(cls, plan: Plan, predictions: Sequence[Prediction], decoding: float) -> Self:
        """The inference of crops that ran side by side, one prediction for each crop of the plan."""
        running = max((prediction.run_seconds for prediction in predictions), default=0.0)
        return cls(plan, predictions, decoding, running, len(predictions))

    def after(self, earlier: Self) -> Self:
        """The same inference, with the time and runs of an earlier pass added."""
        return replace(
            self, decoding=earlier.decoding + self.decoding, running=earlier.running + self.running,
            runs=earlier.runs + self.runs,
        )  # fmt: skip

    def of_people(
        self, order: Sequence[Detection], detections: Sequence[Detection], decoding: float, detecting: float
    ) -> Self:
        """The same inference in the order of the people, the crops now being of ``detections``; with the seconds that
        decoding for the detector and finding them took."""
        places = sorted(range(len(detections)), key=lambda place: order.index(detections[place]))
        return replace(
            self,
            plan=replace(self.plan, crops=[self.plan.crops[place] for place in places]),
            predictions=[self.predictions[place] for place in places],
            decoding=decoding + self.decoding,
            detections=[detections[place] for place in places],
            detecting=detecting,
        )

    def beside(self, first: Self) -> Self:
        """The inference of the crops of an earlier one and of this one, which is of crops of the same photo."""
        both = replace(self.plan, crops=[*first.plan.crops, *self.plan.crops])
        return replace(self, plan=both, predictions=[*first.predictions, *self.predictions]).after(first)

    @cached_property
    def views(self) -> list[View]:
        """Each crop with its prediction; computed once, and so is what a view computes."""
        pairs = zip(self.plan.crops, self.predictions, strict=True)
        return [View(crop.box, crop.fit, prediction) for crop, prediction in pairs]

    def plan_second_pass(self) -> Plan | None:
        """The plan of a closer crop of the person in a whole photo; None if that would not pay."""
        box = second_pass_box(self.views[0])
        return plan_second_pass(self.plan, box) if box else None

    def analysis(self, card: Card, deadline: Deadline, is_brief: bool = False) -> Analysis:
        """The answer in the photo's pixels; its remaining work is given up at the deadline, and decoding when it takes
        longer than ``is_brief`` allows."""
        load_photo = partial(self.plan.photo.decode, deadline, is_brief=is_brief)
        return Analysis(
            card, self.plan.width, self.plan.height, self.views, load_photo, deadline.check,
            self.detections,
        )  # fmt: skip

    def stats(self, encoding: float, total: float) -> PhotoStats:
        """What an answer took, the seconds of encoding it and of all of it being these."""
        timings = Timings(self.decoding, self.running, encoding, total, self.detecting)
        people = None if self.detections is None else len(self.detections)
        return PhotoStats(timings, self.runs, people)
