"""The answers' shapes. All coordinates are in pixels of the upright photo (EXIF orientation applied)."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, JsonValue

from service.engine.model.card import Label
from service.imaging.png import Color
from service.settings import DeviceProvider

Score = Annotated[float, Field(ge=0, le=1)]
BoxField = Annotated[
    tuple[int, int, int, int],
    Field(description="x and y of the top-left pixel, width, height", examples=[[112, 40, 236, 771]]),
]


class Model(BaseModel):
    """Which model answered."""

    name: str = Field(examples=["jppnet-lite"])
    version: str = Field(examples=["1.0"])


class ImageSize(BaseModel):
    """The upright photo's size in pixels."""

    width: int = Field(examples=[550])
    height: int = Field(examples=[830])


class Rle(BaseModel):
    """Run-length encoding as in COCO; `pycocotools.mask.decode` makes a mask of it."""

    size: tuple[int, int] = Field(
        description="height and width of the photo, or of the region's box", examples=[[830, 550]]
    )
    counts: str = Field(description="compressed lengths of runs, down the columns", examples=["Zm2`0e1Y`05L3M2"])


class LabelAnswer(BaseModel):
    """A label that is in the photo."""

    id: int = Field(description="the pixel value in the mask", examples=[2])
    name: str = Field(examples=["hair"])
    color: Color = Field(description="red, green, blue", examples=[[255, 0, 0]])
    pixels: int = Field(description="pixels of the photo with this label", examples=[20411])
    share: Score = Field(description="pixels divided by those of the whole photo", examples=[0.0447])
    box: BoxField
    confidence: Score = Field(description="the model's mean confidence where it saw this label", examples=[0.93])
    rle: Rle | None = Field(default=None, description="the label's pixels, with mask=rle")


class Region(BaseModel):
    """What was seen in one of the boxes that were asked about, whoever else it overlaps with."""

    box: BoxField = Field(description="the pixels of the photo that the model was shown: the box and a margin")
    labels: list[LabelAnswer] = Field(description="as for the photo; coordinates are the photo's, too")
    mask: str | None = Field(
        default=None,
        description="palette PNG in base64, of this box's size; pixel value = label id. Not with mask=rle",
        examples=["iVBORw0KGgo…"],
    )


class Parsing(BaseModel):
    """Who wears what where."""

    labels: list[LabelAnswer] = Field(
        description="the labels that are in the photo, by ascending id; empty where the model has no labels"
    )
    mask: str | None = Field(
        default=None,
        description="palette PNG in base64, of the photo's size; pixel value = label id. Not with mask=rle, nor where "
        "the model has no labels",
        examples=["iVBORw0KGgo…"],
    )
    instances: str | None = Field(
        default=None,
        description="where people were looked for: grey PNG in base64, of the photo's size; pixel value = the person's "
        "index, 0 = nobody. Not with mask=rle",
        examples=["iVBORw0KGgo…"],
    )
    regions: list[Region] | None = Field(
        default=None, description="where boxes were asked about: one by one, in their order; labels and mask are of all"
    )


class Keypoint(BaseModel):
    """A joint. Left and right are the person's own."""

    name: str = Field(examples=["right-ankle"])
    x: float = Field(examples=[241.5])
    y: float = Field(examples=[766.2])
    score: Score = Field(examples=[0.88])


Index = Annotated[
    int, Field(description="the pixel value in the instance mask; from 1, the largest box first", examples=[1])
]
PersonScore = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        description="how sure it is that this is a person, by the detector: of boxes with 0.7, seven in ten are; with "
        "people=one and with boxes, the mean of the joints' scores, or of a model without joints that of the labels' "
        "confidence",
        examples=[0.81],
    ),
]


class OwnParts(BaseModel):
    """What of the mask is one person's."""

    labels: list[LabelAnswer] | None = Field(
        default=None, description="where people were looked for: the person's own, without background; as for the photo"
    )
    rle: Rle | None = Field(default=None, description="the person's pixels, with mask=rle")


class ParsedPerson(OwnParts):
    """A person whom the detector found, and what they wear."""

    index: Index
    box: BoxField
    score: PersonScore


class PersonAnswer(BaseModel):
    """A person in the photo, and how they stand."""

    index: Index | None = Field(default=None, description="where people were looked for")
    box: BoxField
    score: PersonScore
    keypoints: list[Keypoint] = Field(
        description="every joint of the model, in its order; empty where the model has none"
    )
    region: int | None = Field(
        default=None, description="where boxes were asked about: which of them shows this person, from 0", examples=[0]
    )


class Pose(BaseModel):
    """How the people stand."""

    people: list[PersonAnswer] = Field(
        description="empty when nobody is in the photo; where people were looked for, the largest box first"
    )
    skeleton: list[tuple[int, int]] = Field(
        description="bones, as pairs of indices into keypoints; empty where the model has no joints",
        examples=[[[0, 1], [1, 2]]],
    )


class Answer(BaseModel):
    """What every answer says."""

    model: Model
    image: ImageSize


class ParseAnswer(Parsing, Answer):
    """The answer of ``POST /parse`` as JSON."""

    people: list[ParsedPerson] | None = Field(
        default=None, description="where people were looked for: everybody found, the largest box first"
    )


class PoseAnswer(Pose, Answer):
    """The answer of ``POST /pose``."""


class AnalyzedPerson(OwnParts, PersonAnswer):
    """A person in the photo: how they stand and what they wear."""


class AnalyzeAnswer(Pose, Parsing, Answer):
    """The answer of ``POST /analyze``: mask and pose from the same runs of the model."""

    people: list[AnalyzedPerson] = Field(  # type: ignore[assignment]
        description="empty when nobody is in the photo; where people were looked for, the largest box first"
    )


class Segment(BaseModel):
    """A label that is in the photo, as Hugging Face's image segmentation gives it."""

    score: Score = Field(description="the model's mean confidence where it saw this label", examples=[0.93])
    label: str = Field(examples=["hair"])
    mask: str = Field(
        description="grey PNG in base64, of the photo's size: 255 where the label is, 0 elsewhere",
        examples=["iVBORw0KGgo…"],
    )


class CocoInstance(BaseModel):
    """A person in the photo, as COCO's instance results have it."""

    image_id: int = Field(description="as asked for with image_id", examples=[139])
    category_id: int = Field(description="the id in `coco_categories` of GET /model", examples=[1])
    bbox: BoxField
    score: PersonScore
    segmentation: Rle


class CocoResult(BaseModel):
    """A person in the photo, as COCO's key point results have it."""

    image_id: int = Field(description="as asked for with image_id", examples=[139])
    category_id: int = Field(description="the id in `coco_categories` of GET /model", examples=[1])
    bbox: BoxField
    score: PersonScore
    keypoints: list[float] = Field(
        description="x, y and v of every joint in turn; v is 2 for a joint that is seen, else 0",
        examples=[[241.5, 766.2, 2, 238.1, 601.4, 2]],
    )


class OpenPosePerson(BaseModel):
    """A person in the photo, as OpenPose's JSON has them. What the model does not answer is empty."""

    person_id: list[int] = Field(description="always -1: nobody is tracked", examples=[[-1]])
    pose_keypoints_2d: list[float] = Field(
        description="x, y and score of every joint of BODY_25 or COCO-18 in turn; 0, 0, 0 of one that the model does "
        "not have or did not find",
        examples=[[0, 0, 0, 214.3, 189.2, 0.88]],
    )
    face_keypoints_2d: list[float]
    hand_left_keypoints_2d: list[float]
    hand_right_keypoints_2d: list[float]
    pose_keypoints_3d: list[float]
    face_keypoints_3d: list[float]
    hand_left_keypoints_3d: list[float]
    hand_right_keypoints_3d: list[float]


class OpenPoseAnswer(BaseModel):
    """The people in the photo, as OpenPose's ``--write_json`` has them."""

    version: float = Field(description="of OpenPose's format", examples=[1.3])
    people: list[OpenPosePerson]
    canvas_width: int = Field(description="the upright photo's width, which ControlNet's tools read", examples=[550])
    canvas_height: int = Field(description="and its height", examples=[830])


class CocoCategory(BaseModel):
    """What COCO's annotation files say about a category with key points."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["person"])
    keypoints: list[str] = Field(description="the joints' names", examples=[["right-ankle", "right-knee"]])
    skeleton: list[tuple[int, int]] = Field(description="bones, counted from 1 as COCO does", examples=[[[1, 2]]])


class DetectorAnswer(BaseModel):
    """The detector's card."""

    name: str
    version: str
    license: str
    training_data: str
    description: str
    limits: list[str] = Field(description="what it is not to be trusted with, in sentences")
    precision: Literal["fp32", "fp16", "int8"]
    input_side: int = Field(description="side of the square that has as many pixels as its input", examples=[192])
    threshold: Score = Field(description="least score of a person", examples=[0.36])
    metrics: dict[str, JsonValue] = Field(description="figures measured when the detector was made")


class OtherModelAnswer(BaseModel):
    """A model beside the one that takes new requests, while one replaces the other."""

    state: Literal["opening", "draining"] = Field(
        description="it is being opened and proven, or answers the last of its requests"
    )
    name: str = Field(description="by its card; of one that is being opened, the name of its file")
    version: str | None = Field(description="null while it is being opened")


class ModelAnswer(BaseModel):
    """The model's card, and what it runs on here."""

    name: str
    version: str
    license: str
    training_data: str
    description: str
    limits: list[str] = Field(description="what it is not to be trusted with, in sentences")
    precision: Literal["fp32", "fp16", "int8"]
    labels: list[Label] = Field(description="empty of a model for pose alone: POST /parse is then a problem")
    synonyms: dict[str, list[int]] = Field(
        description="names that `labels=` understands beside the labels' own, those of other label sets, each with the "
        "ids of the labels that it stands for",
        examples=[{"head": [1, 2, 4, 13]}],
    )
    label_flip_pairs: list[tuple[int, int]] = Field(description="label ids that change places in a mirrored photo")
    joints: list[str] = Field(description="empty of a model for parsing alone: POST /pose is then a problem")
    joint_flip_pairs: list[tuple[int, int]] = Field(description="joints that change places in a mirrored photo")
    skeleton: list[tuple[int, int]] = Field(description="bones, as pairs of indices into joints")
    coco_categories: list[CocoCategory] = Field(description="for the results of /pose?format=coco")
    metrics: dict[str, JsonValue] = Field(description="figures measured when the model was made")
    input: ImageSize = Field(description="the size photos are fitted to")
    provider: DeviceProvider = Field(description="what runs the model here")
    lanes: int = Field(description="runs of the model side by side")
    threads: int = Field(description="threads within a run, on a CPU")
    largest_batch: int = Field(description="largest batch that pays here, as measured at start")
    max_people: int = Field(description="people of one photo that are answered at most")
    detector: DetectorAnswer | None = Field(
        description="what finds the people in a photo; null where the one person is answered that a photo is of"
    )
    others: list[OtherModelAnswer] = Field(
        [], description="models beside this one, while one replaces the other; empty at all other times"
    )


class Health(BaseModel):
    """How the service is."""

    status: Literal["ok"] = "ok"
