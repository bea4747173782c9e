import type { Config } from '../config.ts'

/**
 * The Content-Security-Policy of the page that loads MLflow's UI. HTML artifacts are shown in a sandboxed frame
 * made from a `blob:`, and a blob inherits its page's policy: what a plotted figure needs (inline scripts, a
 * library from a CDN) can only be allowed to the page as well.
 */
export function securityPolicy({ htmlArtifactScripts, xFrameOptions }: PolicySettings): string {
  const forArtifacts = htmlArtifactScripts ? ["'unsafe-inline'", 'https:'] : []
  const remote = htmlArtifactScripts ? ['https:'] : []
  const directives: Record<string, readonly string[]> = {
    'default-src': ["'self'"],
    // The parallel coordinates of compared runs are drawn by WebGL code that Plotly compiles in the browser.
    'script-src': ["'self'", "'unsafe-eval'", ...forArtifacts],
    'style-src': ["'self'", "'unsafe-inline'", ...remote],
    'font-src': ["'self'", 'data:', ...remote],
    // No remote images: text that a model wrote is shown as Markdown, and an image's address can carry data out.
    // The map of a GeoJSON artifact has its tiles from OpenStreetMap.
    'img-src': ["'self'", 'data:', 'blob:', 'https://*.tile.openstreetmap.org'],
    // The films that explain an empty page.
    'media-src': ["'self'", 'blob:', 'https://mlflow.org'],
    'connect-src': ["'self'", 'blob:', 'data:'],
    'worker-src': ["'self'", 'blob:'],
    'frame-src': ["'self'", 'blob:'],
    'object-src': ["'none'"],
    'base-uri': ["'none'"],
    'form-action': ["'self'"],
    ...(xFrameOptions !== 'NONE' && {
      'frame-ancestors': [xFrameOptions === 'DENY' ? "'none'" : "'self'"],
    }),
  }
  return Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources.join(' ')}`)
    .join('; ')
}

/** Of the page that notebooks of any site show in a frame: it has a `<base>`, and no artifacts. */
export const RENDERER_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'none'"

type PolicySettings = Pick<Config, 'htmlArtifactScripts' | 'xFrameOptions'>
