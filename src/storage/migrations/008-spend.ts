/** What runs used up: sums by day, agent and model, and what one run used, both kept by the writes of the journal. */
export const spend = `
CREATE TABLE spend (
  day TEXT NOT NULL,
  workspace TEXT NOT NULL,
  agent TEXT NOT NULL,
  model TEXT NOT NULL,
  model_calls INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cached_input_tokens INTEGER NOT NULL,
  usd_micros INTEGER NOT NULL,
  unpriced_calls INTEGER NOT NULL,
  estimated_calls INTEGER NOT NULL,
  tool_calls INTEGER NOT NULL,
  fuel INTEGER NOT NULL,
  ms INTEGER NOT NULL,
  PRIMARY KEY (day, workspace, agent, model)
) STRICT, WITHOUT ROWID;
ALTER TABLE runs ADD COLUMN spent_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN spent_usd_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN spent_tool_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN spent_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN spent_fuel INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN unpriced_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN estimated_calls INTEGER NOT NULL DEFAULT 0;
`;
