"""Azure OpenAI's metrics, in the form of Azure Monitor and of Log Analytics."""

from __future__ import annotations

import datetime as dt
import json
from hashlib import sha256
from pathlib import Path

import pytest

from kit.demand.formats import azure_metrics
from tests.demand.vendors import DATA, Reading, refused, write


def test_metrics_of_one_minute_meet() -> None:
    use = Reading(azure_metrics, DATA / "azure_metrics.json")
    assert use.all('"at", bucket_s, requests, prompt_tokens, output_tokens, model FROM use ORDER BY "at"') == [
        (dt.datetime(2026, 9, 28, 8, 0), 60.0, 4.0, 4000, 700, "gpt-4o"),
        (dt.datetime(2026, 9, 28, 8, 2), 60.0, 2.0, 1500, None, "gpt-4o"),
    ]
    assert use.imported.rows == 10  # 4 + 1 values of requests, 3 of prompts, 2 of output
    assert use.bad("requests that failed").rows == 1
    assert use.bad("the same value twice").first == ("azure_metrics.json:21",)
    assert use.bad("negative output tokens").rows == 1
    assert use.noted("does not count cached tokens")
    assert not use.noted("StatusCode")


def test_deployments_and_resources_are_short_hashes() -> None:
    use = Reading(azure_metrics, DATA / "azure_metrics.json")
    assert use.one("DISTINCT label_key FROM use") == sha256(b"canary-prod").hexdigest()[:8]
    assert len(use.one("DISTINCT label_group FROM use")) == 8


def test_rows_of_log_analytics_are_counted() -> None:
    use = Reading(azure_metrics, DATA / "azure_metrics.csv")
    assert use.all('"at", bucket_s, requests, prompt_tokens, output_tokens, model FROM use ORDER BY "at"') == [
        (dt.datetime(2026, 9, 28, 8), 3600.0, 6.0, 6000, 900, None),
        (dt.datetime(2026, 9, 28, 9), 3600.0, 2.0, None, None, None),
    ]
    assert use.noted("1 values of metrics that count the same")
    assert use.noted("1 values of other metrics")
    assert use.noted("those that failed are counted, too")


def test_a_batch_of_resources_keeps_them_apart(tmp_path: Path) -> None:
    def response(resource: str, total: int) -> dict[str, object]:
        data = [{"timeStamp": "2026-09-28T08:00:00Z", "total": total}]
        metric = {"name": {"value": "ModelRequests"}, "timeseries": [{"metadatavalues": [], "data": data}]}
        return {"interval": "PT1M", "resourceid": resource, "value": [metric]}

    text = json.dumps({"values": [response("/canary/a", 1), response("/canary/b", 2)]})
    use = Reading(azure_metrics, write(tmp_path, "m.json", text))
    assert use.one("count(*), count(DISTINCT label_group), sum(requests) FROM use") == (2, 2, 3.0)


def test_a_column_per_metric_is_read_with_the_buckets_length_from_the_times(tmp_path: Path) -> None:
    text = "Timestamp,AzureOpenAIRequests,ProcessedPromptTokens\n2026-09-28 08:00,3,30\n2026-09-28 08:05,1,10\n"
    use = Reading(azure_metrics, write(tmp_path, "wide.csv", text))
    assert use.all("bucket_s, requests, prompt_tokens FROM use ORDER BY line") == [(300.0, 3, 30), (300.0, 1, 10)]
    assert use.noted("no metric GeneratedTokens: output tokens are not known")


def test_records_of_diagnostic_settings_are_read(tmp_path: Path) -> None:
    record = {"time": "2026-09-28T08:00:00Z", "resourceId": "/CANARY", "metricName": "ModelRequests", "total": 5}
    lines = [json.dumps(record | {"timeGrain": "PT1M"}), json.dumps({"records": [record | {"timeGrain": "P1D"}]})]
    path = write(tmp_path, "PT1H.json", "\n".join(lines))
    assert azure_metrics.detect(path.read_bytes(), path.name)
    # The same moment twice is one value twice, whatever the length says.
    use = Reading(azure_metrics, path)
    assert use.all("bucket_s, requests FROM use") == [(60.0, 5.0)]
    assert use.bad("the same value twice").rows == 1


def test_a_deployments_name_stands_in_for_its_model(tmp_path: Path) -> None:
    text = "Time,Metric,Total,ModelDeploymentName,TimeGrain\n2026-09-28 08:00,GeneratedTokens,7,gpt-4o,1:00:00\n"
    use = Reading(azure_metrics, write(tmp_path, "m.csv", text))
    assert use.one("model, bucket_s, output_tokens FROM use") == ("gpt-4o", 3600.0, 7)
    assert use.noted("a deployment's name is taken as its model")


def test_what_cannot_be_read_is_refused_without_quoting_it(tmp_path: Path) -> None:
    one = "Time,AzureOpenAIRequests\n2026-09-28 08:00,3\n"
    assert "how long its buckets are" in refused(azure_metrics, write(tmp_path, "o.csv", one))
    assert "none of the metrics" in refused(azure_metrics, write(tmp_path, "m.csv", "Time,Canary\n2026-09-28,1\n"))
    assert "no column of times" in refused(azure_metrics, write(tmp_path, "m.csv", "Canary,AzureOpenAIRequests\n1,1\n"))
    assert "not JSON" in refused(azure_metrics, write(tmp_path, "m.json", '{"value": canary}'))


@pytest.mark.parametrize("name", ["azure_metrics.json", "azure_metrics.csv"])
def test_the_format_is_known_by_its_head(name: str) -> None:
    assert azure_metrics.detect((DATA / name).read_bytes(), name)
    assert not azure_metrics.detect((DATA / "openai_usage.json").read_bytes(), name)
