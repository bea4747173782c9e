/** Reads rows for any number of ids, below every database's limit on variables. */
const IDS_PER_QUERY = 5_000

/** Runs `read` on the ids in portions and joins what it finds; no query for no ids. */
export async function inChunks<Id, R>(
  ids: readonly Id[],
  read: (ids: readonly Id[]) => Promise<R[]>,
): Promise<R[]> {
  if (ids.length <= IDS_PER_QUERY) return ids.length === 0 ? [] : read(ids)
  const found: R[] = []
  for (let start = 0; start < ids.length; start += IDS_PER_QUERY) {
    found.push(...(await read(ids.slice(start, start + IDS_PER_QUERY))))
  }
  return found
}

/** Groups rows by an id, in their order: a function from the id to its rows. */
export function byId<Id, R>(rows: readonly R[], idOf: (row: R) => Id): (id: Id) => readonly R[] {
  const groups = Map.groupBy(rows, idOf)
  return (id) => groups.get(id) ?? []
}
