/** docs/differences.md, written from the list the differential test uses. */
import { AREAS, type Difference } from './difference.ts'

const INTRODUCTION = `# Where Trackyard differs from \`mlflow server\`

Trackyard answers as \`mlflow server\` 3.17.2 does, but for what this page lists. The differential test
(\`test/differential/\`) sends the same requests to both; it fails on a difference that is not here, and on one that
is here and no longer occurs. The page is written from \`test/differential/differences.ts\`: change it there, then run
\`vitest run test/differential/page.test.ts -u\`.
`

export function differencesPage(differences: readonly Difference[]): string {
  const sections = Object.entries(AREAS)
    .map(([area, title]) => ({ title, rows: differences.filter((one) => one.area === area) }))
    .filter(({ rows }) => rows.length > 0)
    .map(({ title, rows }) =>
      [
        `## ${title}`,
        '',
        '| where | `mlflow server` | Trackyard | why |',
        '| --- | --- | --- | --- |',
        ...rows.map(
          ({ where, mlflow, ours, reason }) => `| ${[where, mlflow, ours, reason].map(cell).join(' | ')} |`,
        ),
        '',
      ].join('\n'),
    )
  return [INTRODUCTION, ...sections].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
