"""Turn pairs of clinical notes into SFT data through an OpenAI-compatible chat API."""

__version__ = "0.1.0"
