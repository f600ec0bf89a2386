import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { brokenLinks } from '../docs/checks/links.ts'
import manifest from '../package.json' with { type: 'json' }
import { COMPILED, publishedManifest } from './manifest.ts'

const ROOT = resolve(import.meta.dirname, '..')
const DIST = join(ROOT, 'dist')
const LIB = join(DIST, COMPILED)

/** Entries whose types users import. */
const TYPES = ['index.d.ts', 'config/index.d.ts', 'report/reporter.d.ts']
/** Files among the sources that are read at run time and copied unchanged. */
const ASSETS = '**/*.{css,js,json}'
const DOCUMENTS = ['README.md', 'LICENSE', 'CHANGELOG.md']
/** The documentation, with all that its pages link. */
const PAGES = ['docs/*.md', 'docs/images/*', 'docs/examples/**/*.*']

/**
 * Builds `dist/`, the folder that is packed and published. Each source becomes one compiled file, so that child processes
 * and threads find their entry files. Sources and source maps are left out: they would double the size of the package, and
 * the compiled files are the sources without their types.
 */
function build(): void {
  rmSync(DIST, { recursive: true, force: true })
  compile()
  for (const file of globSync(`${LIB}/**/*.{js,d.ts}`)) nameCompiledFiles(file)
  removePrivateDeclarations()
  for (const asset of globSync(ASSETS, { cwd: join(ROOT, 'src') })) cpSync(join(ROOT, 'src', asset), join(LIB, asset))
  for (const document of DOCUMENTS) cpSync(join(ROOT, document), join(DIST, document))
  for (const page of globSync(PAGES, { cwd: ROOT })) cpSync(join(ROOT, page), join(DIST, page))
  writeFileSync(join(DIST, 'package.json'), `${JSON.stringify(publishedManifest(manifest), undefined, 2)}\n`)
  refuseBrokenLinks()
}

function refuseBrokenLinks(): void {
  const broken = brokenLinks(DIST)
  if (broken.length === 0) return
  for (const link of broken) console.error(`broken in the package: ${link}`)
  console.error('Fix: add the file to the package in packaging/build.ts, or link to the repository')
  process.exitCode = 1
}

/** Compiles declarations with doc comments, which editors show, and JavaScript without comments. */
function compile(): void {
  runCompiler('--emitDeclarationOnly')
  runCompiler('--declaration', 'false', '--removeComments')
}

function runCompiler(...options: readonly string[]): void {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', import.meta.dirname, ...options], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

/** Removes the declarations that no public declaration imports, directly or indirectly. */
function removePrivateDeclarations(): void {
  const isPublic = new Set(TYPES.map((entry) => join(LIB, entry)))
  for (const file of isPublic)
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)\.js['"]/g)) {
      const imported = join(dirname(file), `${path}.d.ts`)
      if (existsSync(imported)) isPublic.add(imported)
    }
  for (const file of globSync(`${LIB}/**/*.d.ts`)) if (!isPublic.has(file)) rmSync(file)
}

/** Replaces `.ts` in imports, which the compiler keeps in declarations and in functions rewritten for `await using`. */
function nameCompiledFiles(file: string): void {
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace(/\b((?:from|import)\s*\(?\s*(['"])\.{1,2}\/[^'"]+)\.ts\2/g, '$1.js$2'))
}

build()
