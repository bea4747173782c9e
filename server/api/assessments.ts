import { z } from 'zod'
import { invalidParameter } from '../errors.ts'
import {
  createAssessment,
  deleteAssessment,
  getAssessment,
  updateAssessment,
} from '../operations/assessments.ts'
import { rpc } from '../rpc.ts'
import { list, message, requiredText, text } from '../wire.ts'
import {
  assessmentMessage,
  checkAssessment,
  saidIn,
  toNewAssessment,
  toWireAssessment,
} from './assessment-messages.ts'

const PATH = '/mlflow/traces/:trace_id/assessments'
const one = { trace_id: requiredText(), assessment_id: requiredText() }

/** A FieldMask: paths with commas between them; MLflow takes the object too. */
const updateMask = z.union([
  text().transform((paths) => paths.split(',').map(snakeCase)),
  message({ paths: list(text()) }).transform(({ paths }) => paths),
])

export const assessmentRpcs = [
  rpc({
    method: 'POST',
    path: PATH,
    version: '3.0',
    permission: { 'assessment.create': ({ trace_id }) => ({ trace: trace_id }) },
    request: message({ trace_id: requiredText(), assessment: assessmentMessage }),
    async handler({ db, clock }, { trace_id, assessment }) {
      const created = await createAssessment(db, trace_id, toNewAssessment(assessment), clock())
      return { assessment: toWireAssessment(created) }
    },
  }),
  rpc({
    method: 'GET',
    path: `${PATH}/:assessment_id`,
    version: '3.0',
    permission: { 'assessment.read': ({ trace_id }) => ({ trace: trace_id }) },
    request: message(one),
    async handler({ db }, { trace_id, assessment_id }) {
      return { assessment: toWireAssessment(await getAssessment(db, trace_id, assessment_id)) }
    },
  }),
  rpc({
    method: 'PATCH',
    path: `${PATH}/:assessment_id`,
    version: '3.0',
    permission: { 'assessment.update': ({ trace_id }) => ({ trace: trace_id }) },
    request: message({ ...one, assessment: assessmentMessage, update_mask: updateMask }),
    async handler({ db, clock }, { trace_id, assessment_id, assessment, update_mask }) {
      checkAssessment(assessment)
      const has = (path: string) => update_mask.includes(path)
      if (has('feedback') && has('expectation')) {
        throw invalidParameter('Cannot specify both `expectation` and `feedback` parameters.')
      }
      const change = {
        name: has('assessment_name') ? (assessment.assessment_name ?? '') : undefined,
        value: has('feedback') || has('expectation') ? saidIn(assessment) : undefined,
        rationale: has('rationale') ? (assessment.rationale ?? '') : undefined,
        metadata: has('metadata') ? (assessment.metadata ?? {}) : undefined,
      }
      const updated = await updateAssessment(db, trace_id, assessment_id, change, clock())
      return { assessment: toWireAssessment(updated) }
    },
  }),
  rpc({
    method: 'DELETE',
    path: `${PATH}/:assessment_id`,
    version: '3.0',
    permission: { 'assessment.delete': ({ trace_id }) => ({ trace: trace_id }) },
    request: message(one),
    async handler({ db }, { trace_id, assessment_id }) {
      await deleteAssessment(db, trace_id, assessment_id)
      return {}
    },
  }),
]

function snakeCase(path: string): string {
  return path.trim().replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
