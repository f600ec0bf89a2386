import { expect, test } from 'vitest'
import { missingLibrary } from './missing-library.ts'

test.each([
  [
    'initdb: error while loading shared libraries: libicuuc.so.60: cannot open shared object file: No such file',
    'libicuuc.so.60',
  ],
  ['dyld[1]: Library not loaded: @loader_path/../lib/libicuuc.68.dylib', '@loader_path/../lib/libicuuc.68.dylib'],
  ['initdb: error: invalid locale settings', undefined],
])('reads the missing library from %j', (printed, library) => {
  expect(missingLibrary(printed)).toBe(library)
})
