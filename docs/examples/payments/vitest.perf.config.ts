import { definePerfConfig, postgres, target } from 'vitest-slo/config'

export default definePerfConfig({
  services: [
    postgres({
      migrate: async (db) => {
        await db.query('CREATE TABLE accounts (name text PRIMARY KEY, balance bigint NOT NULL)')
        await db.query('CREATE TABLE payments (key text PRIMARY KEY, run_id text NOT NULL, amount bigint NOT NULL)')
      },
      seed: async (db) => {
        await db.query(`INSERT INTO accounts VALUES ('till', 0)`)
      },
    }),
  ],
  target: target({ command: ['node', 'server.js'], ready: '/', internalPortVariable: false }),
})
