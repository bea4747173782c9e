/** A process of its own: runs stacks/pulumi.ts and prints the types of the resources it registers. */
import { startEngine } from './pulumi-engine.ts'

const registered = await startEngine('local')
const { containerIds } = await import('../../stacks/pulumi.ts')
containerIds.apply(() => console.log(JSON.stringify(registered.map(({ type }) => type))))
