/** Token buckets: so many in a minute, all at once or one by one. */

export interface Buckets {
  /**
   * Takes one for `key`.
   * @param nowMs of a clock that never goes back
   * @returns seconds until there is one again; 0 where it was taken
   */
  take(key: string, nowMs: number): number
}

interface Bucket {
  left: number
  atMs: number
}

/** @param mostKeys how many callers are remembered; the one that was first seen is forgotten for another */
export function openBuckets(perMinute: number, mostKeys = 10_000): Buckets {
  const perMs = perMinute / 60_000
  const buckets = new Map<string, Bucket>()
  return {
    take(key, nowMs) {
      const bucket = buckets.get(key) ?? remember(buckets, key, { left: perMinute, atMs: nowMs }, mostKeys)
      bucket.left = Math.min(perMinute, bucket.left + (nowMs - bucket.atMs) * perMs)
      bucket.atMs = nowMs
      if (bucket.left < 1) return Math.ceil((1 - bucket.left) / perMs / 1000)
      bucket.left -= 1
      return 0
    },
  }
}

function remember(buckets: Map<string, Bucket>, key: string, bucket: Bucket, mostKeys: number): Bucket {
  if (buckets.size >= mostKeys) buckets.delete(buckets.keys().next().value as string)
  buckets.set(key, bucket)
  return bucket
}
