"""Tracing through the stock client: a traced program, its traces found, read, tagged, linked and deleted."""

import json

import mlflow
from mlflow import MlflowClient, MlflowException
from mlflow.entities import AssessmentSource, SpanEvent

client = MlflowClient()
experiment = mlflow.set_experiment("traced")
WHERE = [experiment.experiment_id]


@mlflow.trace(name="answer", span_type="CHAIN")
def answer(question):
    mlflow.update_current_trace(tags={"team": "a"}, metadata={"mlflow.trace.session": "s1"})
    return model(question) + "!"


@mlflow.trace(span_type="LLM")
def model(question):
    span = mlflow.get_current_active_span()
    span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3})
    span.set_attribute("temperature", 0.5)
    span.add_event(SpanEvent("thought", attributes={"deep": True}))
    return question.upper()


@mlflow.trace
def failing():
    raise ValueError("no")


def refused(call):
    try:
        call()
    except MlflowException as error:
        return error.error_code
    return None


def found(filter_string=None, **more):
    traces = client.search_traces(locations=WHERE, filter_string=filter_string, **more)
    return sorted(t.info.tags["mlflow.traceName"] for t in traces)


def traced():
    with mlflow.start_run() as run:
        answer("grüße")
    first = mlflow.get_last_active_trace_id()
    try:
        failing()
    except ValueError:
        pass
    second = mlflow.get_last_active_trace_id()
    mlflow.flush_trace_async_logging()
    return run.info.run_id, first, second


def traces_read():
    trace = mlflow.get_trace(first)
    root, inner = trace.data.spans
    failed = mlflow.get_trace(second)
    return {
        "state": [trace.info.state, failed.info.state],
        "previews": [trace.info.request_preview, trace.info.response_preview],
        "usage": trace.info.token_usage,
        "session": trace.info.trace_metadata["mlflow.trace.session"],
        "root": [root.name, root.span_type, root.inputs, root.outputs, root.parent_id],
        "inner": [inner.name, inner.span_type, inner.parent_id == root.span_id, inner.get_attribute("temperature")],
        "event": [[e.name, e.attributes] for e in inner.events],
        "failure": [e.attributes["exception.type"] for e in failed.data.spans[0].events],
        "missing": mlflow.get_trace("tr-" + "0" * 32),
    }


def traces_searched():
    frame = mlflow.search_traces(locations=WHERE, filter_string="trace.status = 'OK'")
    return {
        "all": found(),
        "frame": frame["trace_id"].tolist() == [first],
        "spans in frame": [len(spans) for spans in frame["spans"]],
        "tag": found("tags.team = 'a'"),
        "name": found("trace.name ILIKE 'FAIL%'"),
        "run": found(run_id=run_id),
        "paged": [len(client.search_traces(locations=WHERE, max_results=1)), bool(client.search_traces(locations=WHERE, max_results=1).token)],
        "refused": refused(lambda: found("nonsense")),
    }


def traces_changed():
    client.set_trace_tag(first, "reviewed", "yes")
    client.delete_trace_tag(first, "team")
    tags = {k: v for k, v in mlflow.get_trace(first).info.tags.items() if not k.startswith("mlflow.")}
    other = client.create_run(experiment.experiment_id).info.run_id
    client.link_traces_to_run([second], other)
    return {"tags": tags, "linked": found(run_id=other)}


def traces_assessed():
    human = AssessmentSource(source_type="HUMAN", source_id="ann")
    good = mlflow.log_feedback(trace_id=first, name="good", value=True, source=human, rationale="well")
    mlflow.log_feedback(trace_id=first, name="score", value=0.75)
    mlflow.log_expectation(trace_id=first, name="expected", value={"answer": [1, "x"]})
    mlflow.override_feedback(trace_id=first, assessment_id=good.assessment_id, value=False)
    seen = client.get_trace(first).info.assessments
    matches = [found("feedback.good = 'false'"), found("feedback.score > 0.7"), found("expectation.expected IS NULL")]
    mlflow.delete_assessment(trace_id=first, assessment_id=seen[1].assessment_id)
    left = mlflow.get_assessment(trace_id=first, assessment_id=good.assessment_id)
    return {
        "seen": [[a.name, a.value, a.valid, a.source.source_type] for a in seen],
        "left": [left.valid, left.rationale, len(client.get_trace(first).info.assessments)],
        "found": matches,
    }


def traces_deleted():
    by_id = client.delete_traces(experiment.experiment_id, trace_ids=[first])
    left = found()
    by_time = client.delete_traces(experiment.experiment_id, max_timestamp_millis=2**45)
    return {"by id": by_id, "left": left, "by time": by_time, "none": found()}


run_id, first, second = traced()
parts = [traces_read, traces_searched, traces_changed, traces_assessed, traces_deleted]
print(json.dumps({part.__name__: part() for part in parts}, default=str))
