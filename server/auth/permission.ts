/** What a caller must be allowed to do before an RPC runs: a resource and an action on it. */
export type Permission = 'open' | `${Resource}.${Action}`

type Resource = 'experiment' | 'run' | 'model' | 'artifact' | 'trace' | 'webhook' | 'server'
type Action = 'read' | 'create' | 'update' | 'delete' | 'approve'
