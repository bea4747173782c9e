/** Which of the live and the deleted a search is about. */
export type ViewType = 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL'

export const STAGES_BY_VIEW: Record<ViewType, readonly string[]> = {
  ACTIVE_ONLY: ['active'],
  DELETED_ONLY: ['deleted'],
  ALL: ['active', 'deleted'],
}

/** The numbers of the enum on the wire. */
export const VIEW_TYPE_NUMBERS = { ACTIVE_ONLY: 1, DELETED_ONLY: 2, ALL: 3 } as const
