"""One coffea processor a channel: rows of an ntuple in, histograms and cutflow out."""

from __future__ import annotations

from darkbelle.processors.base import ChannelProcessor
from darkbelle.processors.registry import load_processor

__all__ = ["ChannelProcessor", "load_processor"]
