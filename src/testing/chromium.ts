import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Page } from 'playwright-core'

/** Places where a system installs Chromium, which npm does not install. */
const EXECUTABLES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

export const chromiumPath = [process.env['CHROMIUM_PATH'], ...EXECUTABLES].find((path) => path && existsSync(path))

/** A headless browser with a temporary profile. */
export class Browser implements AsyncDisposable {
  readonly #context: BrowserContext
  readonly #profile: string
  /** Console errors and warnings, uncaught exceptions, and requests to the network. */
  readonly complaints: string[] = []

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context
    this.#profile = profile
  }

  static async open(): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), 'slo-chromium-'))
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: chromiumPath!,
      args: ARGS,
      viewport: { width: 1280, height: 900 },
    })
    return new Browser(context, profile)
  }

  /** Opens a file from disk and closes the previous page. */
  async show(
    file: string,
    look: { width?: number; colorScheme?: 'light' | 'dark'; hash?: string } = {},
  ): Promise<Page> {
    this.complaints.length = 0
    const { width = 1280, colorScheme = 'light', hash = '' } = look
    const openPages = this.#context.pages()
    const page = await this.#context.newPage()
    for (const other of openPages) await other.close()
    await page.setViewportSize({ width, height: 900 })
    await page.emulateMedia({ colorScheme })
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text())
    })
    page.on('pageerror', (error) => this.complaints.push(error.message))
    page.on('requestfailed', (request) => this.complaints.push(`failed request: ${request.url()}`))
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) this.complaints.push(`request: ${request.url()}`)
    })
    await page.goto(`file://${file}${hash}`)
    return page
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close()
    await rm(this.#profile, { recursive: true, force: true })
  }
}
