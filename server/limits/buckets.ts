/** Token buckets: so many in a minute, all at once or one by one. */
import { keepLatest } from '../bounded.ts'

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
      const bucket = buckets.get(key) ?? { left: perMinute, atMs: nowMs }
      if (!buckets.has(key)) keepLatest(buckets, key, bucket, mostKeys)
      bucket.left = Math.min(perMinute, bucket.left + (nowMs - bucket.atMs) * perMs)
      bucket.atMs = nowMs
      if (bucket.left < 1) return Math.ceil((1 - bucket.left) / perMs / 1000)
      bucket.left -= 1
      return 0
    },
  }
}
