/** The memory of parts that are on their way to S3, for all uploads of this process. */
const MIB = 1024 ** 2
/** S3 takes 10,000 parts: 16 GB in parts of 8 MiB, then larger ones, some 380 GB in all. */
export const PART_BYTES = 8 * MIB
/** Parts beyond the one that each upload may have: S3 takes some 80 MB a second on a connection. */
const SHARED_BYTES = 32 * MIB

let uploads = 0
let bytesOnTheirWay = 0
/** Of parts that have arrived. Fresh memory costs as much as the copy into it, and garbage stays until V8 looks for it. */
let spare: Buffer[] = []

/** Keeps the memory of parts for others while there are uploads, and not longer. */
export async function uploading(work: Promise<void>): Promise<void> {
  uploads++
  try {
    await work
  } finally {
    uploads--
    if (uploads === 0) spare = []
  }
}

export function memoryForPart(bytes: number): Buffer {
  return (bytes === PART_BYTES && spare.pop()) || Buffer.allocUnsafeSlow(bytes)
}

/** Whether there is room on the way for parts beyond the one that each upload may have. */
export function hasRoomFor({ length }: Buffer): boolean {
  return bytesOnTheirWay + length <= SHARED_BYTES
}

/** Counts a part as on its way until `arrival` has ended; its memory is another's then. */
export async function onTheWay<T>(part: Buffer, arrival: Promise<T>): Promise<T> {
  bytesOnTheirWay += part.length
  try {
    const arrived = await arrival
    if (part.length === PART_BYTES) spare.push(part)
    return arrived
  } finally {
    bytesOnTheirWay -= part.length
  }
}
