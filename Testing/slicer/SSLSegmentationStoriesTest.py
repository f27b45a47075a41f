"""The stories, each as a test of its own, run inside a real Slicer by ctest or by its Self Tests module."""

import unittest

import slicer

import SSLSegmentation  # noqa: F401  # puts the package on the path in a developer's checkout
from SSLSegmentationLib.gui import selftest


class SSLSegmentationStoriesTest(unittest.TestCase):
    """One test method per story."""

    def setUp(self):
        slicer.mrmlScene.Clear(0)


def _test(story):
    def run(self):
        story()

    run.__doc__ = story.__doc__
    return run


for _story in selftest.STORIES:
    setattr(SSLSegmentationStoriesTest, f"test_{_story.__name__}", _test(_story))
