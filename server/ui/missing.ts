/** What a person is told where MLflow's UI is not installed. */
import { escapeHtml } from '../html.ts'

export const MISSING_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

export function missingReason(folder: string | undefined): string {
  const place = folder === undefined ? 'TRACKYARD_UI_DIR is not set' : `there is no index.html in ${folder}`
  return `MLflow's web UI is not installed (${place}); run \`${command(folder)}\` to get it`
}

export function missingPage(folder: string | undefined): string {
  const place =
    folder === undefined
      ? 'and <code>TRACKYARD_UI_DIR</code> does not name a folder that has it'
      : `in <code>${escapeHtml(folder)}</code>`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Trackyard: the web UI is not installed</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem}code,pre{background:#eee;padding:.1em .3em}</style>
<h1>The tracking server is running; its web UI is not installed</h1>
<p>Clients can log and read as usual. MLflow’s web pages are not ${place}. To get them, run</p>
<pre>${escapeHtml(command(folder))}</pre>
<p>where this server is installed, and reload this page.</p>
</html>
`
}

function command(folder: string | undefined): string {
  return folder === undefined ? 'trackyard ui FOLDER' : `trackyard ui ${folder}`
}
