"""What the model said of a photo, before anything is made of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

from service.engine.model.card import Card
from service.engine.model.session import Prediction
from service.engine.photo.analysis import Analysis
from service.engine.photo.photo import Plan, plan_second_pass
from service.engine.photo.second_pass import second_pass_box
from service.engine.photo.timings import Timings
from service.engine.photo.view import View
from service.engine.scheduling.lanes import Deadline


@dataclass(frozen=True, slots=True)
class Inference:
    """What the model said of a photo, and how long decoding it and running the model took."""

    plan: Plan
    predictions: Sequence[Prediction]
    decoding: float
    running: float

    @classmethod
    def make(cls, plan: Plan, predictions: Sequence[Prediction], decoding: float) -> Self:
        """What was seen in one look, at one view or several side by side."""
        return cls(plan, predictions, decoding, max(prediction.run_seconds for prediction in predictions))

    def after(self, earlier: Self) -> Self:
        """The same, with the time that an earlier look took as well."""
        return replace(self, decoding=earlier.decoding + self.decoding, running=earlier.running + self.running)

    @property
    def views(self) -> list[View]:
        """What the model was shown, and what it said of each."""
        pairs = zip(self.plan.shown, self.predictions, strict=True)
        return [View(shown.box, shown.fit, prediction) for shown, prediction in pairs]

    def closer(self) -> Plan | None:
        """The plan of a closer look at the photo's person, if that pays."""
        box = second_pass_box(self.views[0])
        return plan_second_pass(self.plan, box) if box else None

    def analysis(self, card: Card, deadline: Deadline) -> Analysis:
        """The answer, in the photo's pixels; what is still to be done for it is given up at the deadline."""
        load_photo = partial(self.plan.photo.decode, deadline)
        return Analysis(card, self.plan.width, self.plan.height, self.views, load_photo, deadline.check)

    def timings(self, encoding: float, total: float) -> Timings:
        """Where the time went of an answer that was made from this."""
        return Timings(self.decoding, self.running, encoding, total)
