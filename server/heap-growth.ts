import { setFlagsFromString } from 'node:v8'

/**
 * Lets the heap grow to four times of what is live before all of it is searched for garbage: the most that V8 allows
 * itself. Left alone it decides by how fast a process allocates, and takes a process that waits for its clients for one
 * that needs little: it then searches the whole heap after every few megabytes of an artifact that pass through, which
 * costs more than the transfer does.
 */
export function growHeapAtLength(): void {
  setFlagsFromString('--heap-growing-percent=300')
}
