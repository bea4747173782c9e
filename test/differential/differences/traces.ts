import { answersTo, type Difference, fieldsOf } from '../difference.ts'

export const TRACE_DIFFERENCES: readonly Difference[] = [
  {
    id: 'trace-times-that-are-none',
    area: 'traces',
    where: 'starting a trace with a time or a duration that cannot be read',
    mlflow: '200, and whatever follows that field is left out: the trace is of 1970',
    ours: '400 `INVALID_PARAMETER_VALUE`',
    reason: 'a wrong time must not be stored',
    shownBy: answersTo(200, 400, 'traces: start at a time that is none'),
    leaves: [/^trace_\w+, only in theirs: .*"tr-5"/],
  },
  {
    id: 'trace-started-again',
    area: 'traces',
    where: 'the answer to starting a trace that is there already',
    mlflow: 'lacks the tags it has just set',
    ours: 'has them',
    reason: 'it is the trace that the next request shows on both',
    shownBy: fieldsOf(/^body\.trace\.trace_info\.tags/, 'traces: start again'),
  },
  {
    id: 'spans-as-sent',
    area: 'traces',
    where:
      'spans that come by OTLP with attributes of other conventions (OpenInference, GenAI, Traceloop, …)',
    mlflow: 'adds its own attributes for them, and a price from its catalogue of models',
    ours: 'kept as they were sent',
    reason: '[decision 032](decisions/032-spans-as-mlflow-keeps-them.md)',
    shownBy: 'test/server/otlp.test.ts',
  },
  {
    id: 'no-rlike',
    area: 'traces',
    where: 'RLIKE in a filter of traces, and `span.attributes.x` compared with anything but LIKE and ILIKE',
    mlflow: 'a regular expression; a comparison that nothing passes',
    ours: '400',
    reason: 'a client’s expression would run on the server’s thread; the other cannot be meant',
    shownBy: 'test/server/search-traces.test.ts',
  },
  {
    id: 'spans-in-progress',
    area: 'traces',
    where: 'a span that comes by OTLP without an end',
    mlflow: 'its end is stored as 0, and its duration is below zero',
    ours: 'it has no end and no duration',
    reason: 'it has not ended',
    shownBy: 'test/server/otlp.test.ts',
  },
]
