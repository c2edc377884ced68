"""The differences between providers of chat APIs: one file each, all of them variations of OpenAI's."""

from collections.abc import Mapping
from types import MappingProxyType

from asyncgen.simulator.providers.azure import Azure
from asyncgen.simulator.providers.error_answer import ErrorAnswer, Route
from asyncgen.simulator.providers.gateway import Gateway
from asyncgen.simulator.providers.gemini import Gemini
from asyncgen.simulator.providers.groq import Groq
from asyncgen.simulator.providers.lm_studio import LMStudio
from asyncgen.simulator.providers.mistral import Mistral
from asyncgen.simulator.providers.ollama import Ollama
from asyncgen.simulator.providers.openai import OpenAI
from asyncgen.simulator.providers.openrouter import OpenRouter
from asyncgen.simulator.providers.vllm import VLLM

PROVIDERS: Mapping[str, type[OpenAI]] = MappingProxyType(
    {
        "openai": OpenAI,
        "azure": Azure,
        "mistral": Mistral,
        "openrouter": OpenRouter,
        "vllm": VLLM,
        "ollama": Ollama,
        "lm-studio": LMStudio,
        "groq": Groq,
        "gemini": Gemini,
        "gateway": Gateway,
    }
)
"""The providers by their names in profiles."""

__all__ = ["PROVIDERS", "ErrorAnswer", "OpenAI", "Route"]
