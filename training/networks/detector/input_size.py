"""Size of the detector's input for a photo: the photo's own aspect, and about the same number of pixels for each."""

from training.networks.detector.cells import MULTIPLE


def input_size(height: int, width: int, side: int) -> tuple[int, int]:
    """Height and width of the input for a photo: multiples of 32, together about ``side``² pixels."""
    scale = side / (height * width) ** 0.5

    def rounded(length: float) -> int:
        return max(2, round(length / MULTIPLE)) * MULTIPLE

    return rounded(height * scale), rounded(width * scale)
