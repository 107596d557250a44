"""Small price lists in the formats of the feeds, written by hand."""

from __future__ import annotations

import json
from typing import Any

COUNT = {"path": ["usage", "prompt_tokens"], "dest": "input_tokens", "required": True}
ALPHA = {"input_mtok": 2, "output_mtok": 10, "cache_read_mtok": 0.2}


def genai(**models: dict[str, Any]) -> bytes:
    """Return a data.json of genai-prices with one provider ``openai`` and OpenRouter's dated list of one model."""
    filler = {f"filler-{index}": {"input_mtok": 1, "output_mtok": 2} for index in range(5)}
    listed = [
        {"id": name, "match": {"or": [{"equals": name}, {"equals": f"{name}-latest"}]}, "prices": prices}
        for name, prices in {**filler, **models}.items()
    ]
    dated = [{"prices": {"input_mtok": 1}}, {"constraint": {"start_date": "2099-01-01"}, "prices": {"input_mtok": 2}}]
    providers = [
        {
            "id": "openai",
            "name": "OpenAI",
            "api_pattern": "https://api.openai.com",
            "pricing_urls": ["https://openai.test/prices"],
            "model_match": {"starts_with": "alpha"},
            "extractors": [{"api_flavor": "default", "root": "usage", "model_path": "model", "mappings": [COUNT]}],
            "models": listed,
        },
        {
            "id": "openrouter",
            "name": "OpenRouter",
            "api_pattern": "https://openrouter.ai",
            "models": [{"id": "some/model", "match": {"equals": "some/model"}, "prices": dated}],
        },
    ]
    return json.dumps(providers).encode()


def litellm(**entries: dict[str, Any]) -> bytes:
    """Return a list in LiteLLM's format: dollars per token, by LiteLLM's own keys."""
    spec = {"sample_spec": {"input_cost_per_token": 0.0, "litellm_provider": "one of https://docs.litellm.ai"}}
    return json.dumps({**spec, **entries}).encode()


GPT_4O = {
    "litellm_provider": "openai",
    "input_cost_per_token": 2.5e-06,
    "output_cost_per_token": 1e-05,
    "cache_read_input_token_cost": 1.25e-06,
    "input_cost_per_token_batches": 1.25e-06,
    "output_cost_per_token_batches": 5e-06,
}


def openrouter(*rows: tuple[str, str, str]) -> bytes:
    """Return an answer of OpenRouter's list of models: dollars per token, as text."""
    data = [{"id": name, "pricing": {"prompt": prompt, "completion": completion}} for name, prompt, completion in rows]
    return json.dumps({"data": data}).encode()


CATALOGUE = """\
instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot,disk_size
gpu_1x_h100_pcie,us-east-1,2.49,26,200.0,1,H100,80.0,False,512.0
gpu_8x_h100_sxm5,us-east-1,23.92,208,1800.0,8,H100,80.0,False,2816.0
gpu_8x_h100_sxm5,us-east-1,16.0,208,1800.0,8,H100,80.0,True,2816.0
gpu_1x_a10,us-east-1,0.75,30,200.0,1,A10,24.0,False,512.0
gpu_1x_h100,us-east-1,3.29,26,200.0,1,H100,80.0,False,512.0
gpu_1x_quantum,us-east-1,9.0,26,200.0,1,QUANTUM9,80.0,False,512.0
cpu_4x,us-east-1,0.1,4,16.0,0,,,False,100.0
"""
"""The last three are left out: PCIe or SXM is not said, the GPU is unknown, there is no GPU."""
