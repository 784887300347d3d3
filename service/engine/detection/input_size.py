"""Size of the detector's input for a photo: the photo's own aspect, and about the same number of pixels for each."""


def input_size(height: int, width: int, side: int, multiple: int) -> tuple[int, int]:
    """Height and width of the input for a photo: multiples of ``multiple``, together about ``side``² pixels."""
    scale = side / (height * width) ** 0.5

    def rounded(length: float) -> int:
        return max(2, round(length / multiple)) * multiple

    return rounded(height * scale), rounded(width * scale)
