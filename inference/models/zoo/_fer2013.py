"""A convolutional network for FER-2013's grey faces of 48 pixels, with the published number of parameters.

Kanafin, Myrzakhmet and Kuanysh print 4 763 143 parameters and no layers. Many stacks have as many, among them this one,
counted as Keras counts, with the running statistics of batch normalisation: a convolution of 5 x 5 without padding and
four of 3 x 3, normalised and pooled after all but the fourth, one hidden layer, seven classes.
"""

from torch import Tensor, nn

_BLOCKS = ((1, (5,)), (2, (3,)), (8, (3,)), (16, (3, 3)))  # channels in units of the width, and kernels


class FER2013(nn.Module):
    """Classifies the grey values of images (N, 3, size, size), 0..1: (N, classes).

    `width` is the number of channels of the first convolution, `dropout` the one before the classifier.
    """

    def __init__(self, classes: int, *, size: int, width: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs, size = 1, size - 4
        for factor, kernels in _BLOCKS:
            for number, kernel in enumerate(kernels):
                layers += [nn.ReLU()] if number else []
                layers.append(nn.Conv2d(inputs, factor * width, kernel, padding=0 if kernel == 5 else 1))
                inputs = factor * width
            layers += [nn.BatchNorm2d(inputs), nn.ReLU(), nn.MaxPool2d(2)]
            size //= 2
        if not size:
            raise ValueError("images are too small for four poolings: 20 pixels are the least")
        self.layers = nn.Sequential(
            *layers,
            nn.Flatten(),
            nn.Linear(inputs * size**2, inputs),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(inputs, classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Classify the mean of red, green and blue."""
        return self.layers(images.mean(1, keepdim=True))
