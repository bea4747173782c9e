import type { ArtifactStore } from './index.ts'

export const LocalArtifactStore = {
  async open(uri: string): Promise<ArtifactStore> {
    return { uri, async check() {} } as ArtifactStore
  },
}
