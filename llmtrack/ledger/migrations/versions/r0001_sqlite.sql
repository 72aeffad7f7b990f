CREATE TABLE app_user ( id INTEGER NOT NULL, user_id VARCHAR NOT NULL, attributes JSON, role VARCHAR, first_seen
  BIGINT NOT NULL, identified_at BIGINT, erased_at BIGINT, PRIMARY KEY (id), UNIQUE (user_id) );
CREATE TABLE audit ( id INTEGER NOT NULL, at BIGINT NOT NULL, actor VARCHAR NOT NULL, action VARCHAR NOT NULL, subject
  VARCHAR, detail JSON, PRIMARY KEY (id) );
CREATE TABLE conversation ( id INTEGER NOT NULL, app_user INTEGER NOT NULL, title VARCHAR, pinned SMALLINT NOT NULL,
  archived SMALLINT NOT NULL, deleted_at BIGINT, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, version INTEGER
  NOT NULL, head BIGINT, settings JSON, PRIMARY KEY (id) );
CREATE INDEX conversation_list ON conversation (app_user, updated_at);
CREATE TABLE feedback ( trace INTEGER NOT NULL, app_user INTEGER NOT NULL, score SMALLINT NOT NULL, comment VARCHAR,
  at BIGINT NOT NULL, PRIMARY KEY (trace, app_user) );
CREATE INDEX feedback_at ON feedback (at);
CREATE TABLE generation ( id INTEGER NOT NULL, app_user INTEGER, session INTEGER, trace INTEGER, span_id BIGINT,
  feature INTEGER, group_name INTEGER, property_set INTEGER, provider INTEGER NOT NULL, operation INTEGER NOT NULL,
  model INTEGER, request_model INTEGER, response_model INTEGER, status INTEGER NOT NULL, error_type INTEGER, error_code
  INTEGER, http_status INTEGER, finish_reason INTEGER, service_tier INTEGER, streamed SMALLINT NOT NULL, attempts
  INTEGER NOT NULL, duration BIGINT, time_to_first_token BIGINT, input_tokens BIGINT, output_tokens BIGINT,
  cache_read_tokens BIGINT, cache_write_tokens BIGINT, cache_write_1h_tokens BIGINT, reasoning_tokens BIGINT,
  input_audio_tokens BIGINT, output_audio_tokens BIGINT, cache_read_audio_tokens BIGINT, input_image_tokens BIGINT,
  output_image_tokens BIGINT, web_searches BIGINT, usage_estimated SMALLINT NOT NULL, usage_details VARCHAR, cost_status
  INTEGER NOT NULL, cost BIGINT, input_cost BIGINT, cache_read_cost BIGINT, cache_write_cost BIGINT, output_cost BIGINT,
  reasoning_cost BIGINT, audio_cost BIGINT, image_cost BIGINT, request_cost BIGINT, tool_cost BIGINT, reported_cost
  BIGINT, price INTEGER, cost_reason INTEGER, response_id VARCHAR, request_id VARCHAR, PRIMARY KEY (id) );
CREATE INDEX generation_properties ON generation (property_set) WHERE property_set IS NOT NULL;
CREATE INDEX generation_session ON generation (session) WHERE session IS NOT NULL;
CREATE INDEX generation_trace ON generation (trace) WHERE trace IS NOT NULL;
CREATE INDEX generation_user ON generation (app_user);
CREATE TABLE generation_text ( id INTEGER NOT NULL, input VARCHAR, output VARCHAR, error VARCHAR, PRIMARY KEY (id) );
CREATE TABLE journal_progress ( segment_id VARCHAR NOT NULL, position BIGINT NOT NULL, updated_at BIGINT NOT NULL,
  PRIMARY KEY (segment_id) );
CREATE TABLE name ( id INTEGER NOT NULL, kind VARCHAR NOT NULL, text VARCHAR NOT NULL, PRIMARY KEY (id) );
CREATE UNIQUE INDEX name_text ON name (kind, text);
CREATE TABLE pending ( provider INTEGER NOT NULL, response_id VARCHAR NOT NULL, generation BIGINT NOT NULL, settled_at
  BIGINT, PRIMARY KEY (provider, response_id) );
CREATE TABLE price ( id INTEGER NOT NULL, digest BIGINT NOT NULL, source VARCHAR NOT NULL, version VARCHAR NOT NULL,
  provider VARCHAR NOT NULL, model VARCHAR NOT NULL, tier VARCHAR NOT NULL, rates JSON NOT NULL, above INTEGER NOT NULL,
  adjustment VARCHAR, PRIMARY KEY (id), UNIQUE (digest) );
CREATE TABLE price_book ( id INTEGER NOT NULL, entry JSON NOT NULL, created_at BIGINT NOT NULL, created_by VARCHAR NOT
  NULL, withdrawn_at BIGINT, withdrawn_by VARCHAR, PRIMARY KEY (id) );
CREATE TABLE property_set ( id INTEGER NOT NULL, digest BIGINT NOT NULL, properties JSON NOT NULL, PRIMARY KEY (id),
  UNIQUE (digest) );
CREATE TABLE rollup_day ( generations BIGINT DEFAULT '0' NOT NULL, input_unknown BIGINT DEFAULT '0' NOT NULL,
  output_unknown BIGINT DEFAULT '0' NOT NULL, unpriced BIGINT DEFAULT '0' NOT NULL, usage_missing BIGINT DEFAULT '0' NOT
  NULL, input_tokens BIGINT DEFAULT '0' NOT NULL, output_tokens BIGINT DEFAULT '0' NOT NULL, cache_read_tokens BIGINT
  DEFAULT '0' NOT NULL, cache_write_tokens BIGINT DEFAULT '0' NOT NULL, cache_write_1h_tokens BIGINT DEFAULT '0' NOT
  NULL, reasoning_tokens BIGINT DEFAULT '0' NOT NULL, input_audio_tokens BIGINT DEFAULT '0' NOT NULL,
  output_audio_tokens BIGINT DEFAULT '0' NOT NULL, input_image_tokens BIGINT DEFAULT '0' NOT NULL, output_image_tokens
  BIGINT DEFAULT '0' NOT NULL, web_searches BIGINT DEFAULT '0' NOT NULL, cost BIGINT DEFAULT '0' NOT NULL, input_cost
  BIGINT DEFAULT '0' NOT NULL, cache_read_cost BIGINT DEFAULT '0' NOT NULL, cache_write_cost BIGINT DEFAULT '0' NOT
  NULL, output_cost BIGINT DEFAULT '0' NOT NULL, reasoning_cost BIGINT DEFAULT '0' NOT NULL, audio_cost BIGINT DEFAULT
  '0' NOT NULL, image_cost BIGINT DEFAULT '0' NOT NULL, request_cost BIGINT DEFAULT '0' NOT NULL, tool_cost BIGINT
  DEFAULT '0' NOT NULL, duration BIGINT DEFAULT '0' NOT NULL, timed BIGINT DEFAULT '0' NOT NULL, time_to_first_token
  BIGINT DEFAULT '0' NOT NULL, first_tokens BIGINT DEFAULT '0' NOT NULL, speed_tokens BIGINT DEFAULT '0' NOT NULL,
  speed_time BIGINT DEFAULT '0' NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL, operation INTEGER NOT NULL,
  status INTEGER NOT NULL, cost_status INTEGER NOT NULL, slot INTEGER NOT NULL, PRIMARY KEY (slot, provider, model,
  operation, status, cost_status) ) WITHOUT ROWID;
CREATE TABLE rollup_day_user ( slot INTEGER NOT NULL, app_user INTEGER NOT NULL, simulated INTEGER NOT NULL,
  generations BIGINT DEFAULT '0' NOT NULL, messages BIGINT DEFAULT '0' NOT NULL, errors BIGINT DEFAULT '0' NOT NULL,
  unpriced BIGINT DEFAULT '0' NOT NULL, input_tokens BIGINT DEFAULT '0' NOT NULL, output_tokens BIGINT DEFAULT '0' NOT
  NULL, cost BIGINT DEFAULT '0' NOT NULL, quarters_am BIGINT DEFAULT '0' NOT NULL, quarters_pm BIGINT DEFAULT '0' NOT
  NULL, PRIMARY KEY (slot, app_user, simulated) ) WITHOUT ROWID;
CREATE TABLE rollup_feature_day ( generations BIGINT DEFAULT '0' NOT NULL, input_unknown BIGINT DEFAULT '0' NOT NULL,
  output_unknown BIGINT DEFAULT '0' NOT NULL, unpriced BIGINT DEFAULT '0' NOT NULL, usage_missing BIGINT DEFAULT '0' NOT
  NULL, input_tokens BIGINT DEFAULT '0' NOT NULL, output_tokens BIGINT DEFAULT '0' NOT NULL, cache_read_tokens BIGINT
  DEFAULT '0' NOT NULL, cache_write_tokens BIGINT DEFAULT '0' NOT NULL, cache_write_1h_tokens BIGINT DEFAULT '0' NOT
  NULL, reasoning_tokens BIGINT DEFAULT '0' NOT NULL, input_audio_tokens BIGINT DEFAULT '0' NOT NULL,
  output_audio_tokens BIGINT DEFAULT '0' NOT NULL, input_image_tokens BIGINT DEFAULT '0' NOT NULL, output_image_tokens
  BIGINT DEFAULT '0' NOT NULL, web_searches BIGINT DEFAULT '0' NOT NULL, cost BIGINT DEFAULT '0' NOT NULL, input_cost
  BIGINT DEFAULT '0' NOT NULL, cache_read_cost BIGINT DEFAULT '0' NOT NULL, cache_write_cost BIGINT DEFAULT '0' NOT
  NULL, output_cost BIGINT DEFAULT '0' NOT NULL, reasoning_cost BIGINT DEFAULT '0' NOT NULL, audio_cost BIGINT DEFAULT
  '0' NOT NULL, image_cost BIGINT DEFAULT '0' NOT NULL, request_cost BIGINT DEFAULT '0' NOT NULL, tool_cost BIGINT
  DEFAULT '0' NOT NULL, duration BIGINT DEFAULT '0' NOT NULL, timed BIGINT DEFAULT '0' NOT NULL, time_to_first_token
  BIGINT DEFAULT '0' NOT NULL, first_tokens BIGINT DEFAULT '0' NOT NULL, speed_tokens BIGINT DEFAULT '0' NOT NULL,
  speed_time BIGINT DEFAULT '0' NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL, operation INTEGER NOT NULL,
  status INTEGER NOT NULL, cost_status INTEGER NOT NULL, slot INTEGER NOT NULL, feature INTEGER NOT NULL, error_type
  INTEGER NOT NULL, PRIMARY KEY (slot, feature, provider, model, operation, status, cost_status, error_type) ) WITHOUT
  ROWID;
CREATE TABLE rollup_feature_hour ( generations BIGINT DEFAULT '0' NOT NULL, input_unknown BIGINT DEFAULT '0' NOT NULL,
  output_unknown BIGINT DEFAULT '0' NOT NULL, unpriced BIGINT DEFAULT '0' NOT NULL, usage_missing BIGINT DEFAULT '0' NOT
  NULL, input_tokens BIGINT DEFAULT '0' NOT NULL, output_tokens BIGINT DEFAULT '0' NOT NULL, cache_read_tokens BIGINT
  DEFAULT '0' NOT NULL, cache_write_tokens BIGINT DEFAULT '0' NOT NULL, cache_write_1h_tokens BIGINT DEFAULT '0' NOT
  NULL, reasoning_tokens BIGINT DEFAULT '0' NOT NULL, input_audio_tokens BIGINT DEFAULT '0' NOT NULL,
  output_audio_tokens BIGINT DEFAULT '0' NOT NULL, input_image_tokens BIGINT DEFAULT '0' NOT NULL, output_image_tokens
  BIGINT DEFAULT '0' NOT NULL, web_searches BIGINT DEFAULT '0' NOT NULL, cost BIGINT DEFAULT '0' NOT NULL, input_cost
  BIGINT DEFAULT '0' NOT NULL, cache_read_cost BIGINT DEFAULT '0' NOT NULL, cache_write_cost BIGINT DEFAULT '0' NOT
  NULL, output_cost BIGINT DEFAULT '0' NOT NULL, reasoning_cost BIGINT DEFAULT '0' NOT NULL, audio_cost BIGINT DEFAULT
  '0' NOT NULL, image_cost BIGINT DEFAULT '0' NOT NULL, request_cost BIGINT DEFAULT '0' NOT NULL, tool_cost BIGINT
  DEFAULT '0' NOT NULL, duration BIGINT DEFAULT '0' NOT NULL, timed BIGINT DEFAULT '0' NOT NULL, time_to_first_token
  BIGINT DEFAULT '0' NOT NULL, first_tokens BIGINT DEFAULT '0' NOT NULL, speed_tokens BIGINT DEFAULT '0' NOT NULL,
  speed_time BIGINT DEFAULT '0' NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL, operation INTEGER NOT NULL,
  status INTEGER NOT NULL, cost_status INTEGER NOT NULL, slot INTEGER NOT NULL, feature INTEGER NOT NULL, error_type
  INTEGER NOT NULL, PRIMARY KEY (slot, feature, provider, model, operation, status, cost_status, error_type) ) WITHOUT
  ROWID;
CREATE TABLE rollup_group_day ( generations BIGINT DEFAULT '0' NOT NULL, input_unknown BIGINT DEFAULT '0' NOT NULL,
  output_unknown BIGINT DEFAULT '0' NOT NULL, unpriced BIGINT DEFAULT '0' NOT NULL, usage_missing BIGINT DEFAULT '0' NOT
  NULL, input_tokens BIGINT DEFAULT '0' NOT NULL, output_tokens BIGINT DEFAULT '0' NOT NULL, cache_read_tokens BIGINT
  DEFAULT '0' NOT NULL, cache_write_tokens BIGINT DEFAULT '0' NOT NULL, cache_write_1h_tokens BIGINT DEFAULT '0' NOT
  NULL, reasoning_tokens BIGINT DEFAULT '0' NOT NULL, input_audio_tokens BIGINT DEFAULT '0' NOT NULL,
  output_audio_tokens BIGINT DEFAULT '0' NOT NULL, input_image_tokens BIGINT DEFAULT '0' NOT NULL, output_image_tokens
  BIGINT DEFAULT '0' NOT NULL, web_searches BIGINT DEFAULT '0' NOT NULL, cost BIGINT DEFAULT '0' NOT NULL, input_cost
  BIGINT DEFAULT '0' NOT NULL, cache_read_cost BIGINT DEFAULT '0' NOT NULL, cache_write_cost BIGINT DEFAULT '0' NOT
  NULL, output_cost BIGINT DEFAULT '0' NOT NULL, reasoning_cost BIGINT DEFAULT '0' NOT NULL, audio_cost BIGINT DEFAULT
  '0' NOT NULL, image_cost BIGINT DEFAULT '0' NOT NULL, request_cost BIGINT DEFAULT '0' NOT NULL, tool_cost BIGINT
  DEFAULT '0' NOT NULL, duration BIGINT DEFAULT '0' NOT NULL, timed BIGINT DEFAULT '0' NOT NULL, time_to_first_token
  BIGINT DEFAULT '0' NOT NULL, first_tokens BIGINT DEFAULT '0' NOT NULL, speed_tokens BIGINT DEFAULT '0' NOT NULL,
  speed_time BIGINT DEFAULT '0' NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL, operation INTEGER NOT NULL,
  status INTEGER NOT NULL, cost_status INTEGER NOT NULL, group_name INTEGER NOT NULL, slot INTEGER NOT NULL, feature
  INTEGER NOT NULL, error_type INTEGER NOT NULL, PRIMARY KEY (group_name, slot, feature, provider, model, operation,
  status, cost_status, error_type) ) WITHOUT ROWID;
CREATE TABLE rollup_group_hour ( generations BIGINT DEFAULT '0' NOT NULL, input_unknown BIGINT DEFAULT '0' NOT NULL,
  output_unknown BIGINT DEFAULT '0' NOT NULL, unpriced BIGINT DEFAULT '0' NOT NULL, usage_missing BIGINT DEFAULT '0' NOT
  NULL, input_tokens BIGINT DEFAULT '0' NOT NULL, output_tokens BIGINT DEFAULT '0' NOT NULL, cache_read_tokens BIGINT
  DEFAULT '0' NOT NULL, cache_write_tokens BIGINT DEFAULT '0' NOT NULL, cache_write_1h_tokens BIGINT DEFAULT '0' NOT
  NULL, reasoning_tokens BIGINT DEFAULT '0' NOT NULL, input_audio_tokens BIGINT DEFAULT '0' NOT NULL,
  output_audio_tokens BIGINT DEFAULT '0' NOT NULL, input_image_tokens BIGINT DEFAULT '0' NOT NULL, output_image_tokens
  BIGINT DEFAULT '0' NOT NULL, web_searches BIGINT DEFAULT '0' NOT NULL, cost BIGINT DEFAULT '0' NOT NULL, input_cost
  BIGINT DEFAULT '0' NOT NULL, cache_read_cost BIGINT DEFAULT '0' NOT NULL, cache_write_cost BIGINT DEFAULT '0' NOT
  NULL, output_cost BIGINT DEFAULT '0' NOT NULL, reasoning_cost BIGINT DEFAULT '0' NOT NULL, audio_cost BIGINT DEFAULT
  '0' NOT NULL, image_cost BIGINT DEFAULT '0' NOT NULL, request_cost BIGINT DEFAULT '0' NOT NULL, tool_cost BIGINT
  DEFAULT '0' NOT NULL, duration BIGINT DEFAULT '0' NOT NULL, timed BIGINT DEFAULT '0' NOT NULL, time_to_first_token
  BIGINT DEFAULT '0' NOT NULL, first_tokens BIGINT DEFAULT '0' NOT NULL, speed_tokens BIGINT DEFAULT '0' NOT NULL,
  speed_time BIGINT DEFAULT '0' NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL, operation INTEGER NOT NULL,
  status INTEGER NOT NULL, cost_status INTEGER NOT NULL, group_name INTEGER NOT NULL, slot INTEGER NOT NULL, feature
  INTEGER NOT NULL, error_type INTEGER NOT NULL, PRIMARY KEY (group_name, slot, feature, provider, model, operation,
  status, cost_status, error_type) ) WITHOUT ROWID;
CREATE TABLE rollup_hour ( generations BIGINT DEFAULT '0' NOT NULL, input_unknown BIGINT DEFAULT '0' NOT NULL,
  output_unknown BIGINT DEFAULT '0' NOT NULL, unpriced BIGINT DEFAULT '0' NOT NULL, usage_missing BIGINT DEFAULT '0' NOT
  NULL, input_tokens BIGINT DEFAULT '0' NOT NULL, output_tokens BIGINT DEFAULT '0' NOT NULL, cache_read_tokens BIGINT
  DEFAULT '0' NOT NULL, cache_write_tokens BIGINT DEFAULT '0' NOT NULL, cache_write_1h_tokens BIGINT DEFAULT '0' NOT
  NULL, reasoning_tokens BIGINT DEFAULT '0' NOT NULL, input_audio_tokens BIGINT DEFAULT '0' NOT NULL,
  output_audio_tokens BIGINT DEFAULT '0' NOT NULL, input_image_tokens BIGINT DEFAULT '0' NOT NULL, output_image_tokens
  BIGINT DEFAULT '0' NOT NULL, web_searches BIGINT DEFAULT '0' NOT NULL, cost BIGINT DEFAULT '0' NOT NULL, input_cost
  BIGINT DEFAULT '0' NOT NULL, cache_read_cost BIGINT DEFAULT '0' NOT NULL, cache_write_cost BIGINT DEFAULT '0' NOT
  NULL, output_cost BIGINT DEFAULT '0' NOT NULL, reasoning_cost BIGINT DEFAULT '0' NOT NULL, audio_cost BIGINT DEFAULT
  '0' NOT NULL, image_cost BIGINT DEFAULT '0' NOT NULL, request_cost BIGINT DEFAULT '0' NOT NULL, tool_cost BIGINT
  DEFAULT '0' NOT NULL, duration BIGINT DEFAULT '0' NOT NULL, timed BIGINT DEFAULT '0' NOT NULL, time_to_first_token
  BIGINT DEFAULT '0' NOT NULL, first_tokens BIGINT DEFAULT '0' NOT NULL, speed_tokens BIGINT DEFAULT '0' NOT NULL,
  speed_time BIGINT DEFAULT '0' NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL, operation INTEGER NOT NULL,
  status INTEGER NOT NULL, cost_status INTEGER NOT NULL, slot INTEGER NOT NULL, PRIMARY KEY (slot, provider, model,
  operation, status, cost_status) ) WITHOUT ROWID;
CREATE TABLE rollup_quarter ( generations BIGINT DEFAULT '0' NOT NULL, input_unknown BIGINT DEFAULT '0' NOT NULL,
  output_unknown BIGINT DEFAULT '0' NOT NULL, unpriced BIGINT DEFAULT '0' NOT NULL, usage_missing BIGINT DEFAULT '0' NOT
  NULL, input_tokens BIGINT DEFAULT '0' NOT NULL, output_tokens BIGINT DEFAULT '0' NOT NULL, cache_read_tokens BIGINT
  DEFAULT '0' NOT NULL, cache_write_tokens BIGINT DEFAULT '0' NOT NULL, cache_write_1h_tokens BIGINT DEFAULT '0' NOT
  NULL, reasoning_tokens BIGINT DEFAULT '0' NOT NULL, input_audio_tokens BIGINT DEFAULT '0' NOT NULL,
  output_audio_tokens BIGINT DEFAULT '0' NOT NULL, input_image_tokens BIGINT DEFAULT '0' NOT NULL, output_image_tokens
  BIGINT DEFAULT '0' NOT NULL, web_searches BIGINT DEFAULT '0' NOT NULL, cost BIGINT DEFAULT '0' NOT NULL, input_cost
  BIGINT DEFAULT '0' NOT NULL, cache_read_cost BIGINT DEFAULT '0' NOT NULL, cache_write_cost BIGINT DEFAULT '0' NOT
  NULL, output_cost BIGINT DEFAULT '0' NOT NULL, reasoning_cost BIGINT DEFAULT '0' NOT NULL, audio_cost BIGINT DEFAULT
  '0' NOT NULL, image_cost BIGINT DEFAULT '0' NOT NULL, request_cost BIGINT DEFAULT '0' NOT NULL, tool_cost BIGINT
  DEFAULT '0' NOT NULL, duration BIGINT DEFAULT '0' NOT NULL, timed BIGINT DEFAULT '0' NOT NULL, time_to_first_token
  BIGINT DEFAULT '0' NOT NULL, first_tokens BIGINT DEFAULT '0' NOT NULL, speed_tokens BIGINT DEFAULT '0' NOT NULL,
  speed_time BIGINT DEFAULT '0' NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL, operation INTEGER NOT NULL,
  status INTEGER NOT NULL, cost_status INTEGER NOT NULL, slot INTEGER NOT NULL, PRIMARY KEY (slot, provider, model,
  operation, status, cost_status) ) WITHOUT ROWID;
CREATE TABLE rollup_seen ( slot INTEGER NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL, feature INTEGER
  NOT NULL, group_name INTEGER NOT NULL, app_user INTEGER NOT NULL, days BIGINT DEFAULT '0' NOT NULL, PRIMARY KEY (slot,
  provider, model, feature, group_name, app_user) ) WITHOUT ROWID;
CREATE TABLE rollup_user_day ( generations BIGINT DEFAULT '0' NOT NULL, input_unknown BIGINT DEFAULT '0' NOT NULL,
  output_unknown BIGINT DEFAULT '0' NOT NULL, unpriced BIGINT DEFAULT '0' NOT NULL, usage_missing BIGINT DEFAULT '0' NOT
  NULL, input_tokens BIGINT DEFAULT '0' NOT NULL, output_tokens BIGINT DEFAULT '0' NOT NULL, cache_read_tokens BIGINT
  DEFAULT '0' NOT NULL, cache_write_tokens BIGINT DEFAULT '0' NOT NULL, cache_write_1h_tokens BIGINT DEFAULT '0' NOT
  NULL, reasoning_tokens BIGINT DEFAULT '0' NOT NULL, input_audio_tokens BIGINT DEFAULT '0' NOT NULL,
  output_audio_tokens BIGINT DEFAULT '0' NOT NULL, input_image_tokens BIGINT DEFAULT '0' NOT NULL, output_image_tokens
  BIGINT DEFAULT '0' NOT NULL, web_searches BIGINT DEFAULT '0' NOT NULL, cost BIGINT DEFAULT '0' NOT NULL, input_cost
  BIGINT DEFAULT '0' NOT NULL, cache_read_cost BIGINT DEFAULT '0' NOT NULL, cache_write_cost BIGINT DEFAULT '0' NOT
  NULL, output_cost BIGINT DEFAULT '0' NOT NULL, reasoning_cost BIGINT DEFAULT '0' NOT NULL, audio_cost BIGINT DEFAULT
  '0' NOT NULL, image_cost BIGINT DEFAULT '0' NOT NULL, request_cost BIGINT DEFAULT '0' NOT NULL, tool_cost BIGINT
  DEFAULT '0' NOT NULL, duration BIGINT DEFAULT '0' NOT NULL, timed BIGINT DEFAULT '0' NOT NULL, time_to_first_token
  BIGINT DEFAULT '0' NOT NULL, first_tokens BIGINT DEFAULT '0' NOT NULL, speed_tokens BIGINT DEFAULT '0' NOT NULL,
  speed_time BIGINT DEFAULT '0' NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL, operation INTEGER NOT NULL,
  status INTEGER NOT NULL, cost_status INTEGER NOT NULL, app_user INTEGER NOT NULL, slot INTEGER NOT NULL, group_name
  INTEGER NOT NULL, feature INTEGER NOT NULL, error_type INTEGER NOT NULL, PRIMARY KEY (app_user, slot, group_name,
  feature, provider, model, operation, status, cost_status, error_type) ) WITHOUT ROWID;
CREATE TABLE rollup_user_hour ( generations BIGINT DEFAULT '0' NOT NULL, input_unknown BIGINT DEFAULT '0' NOT NULL,
  output_unknown BIGINT DEFAULT '0' NOT NULL, unpriced BIGINT DEFAULT '0' NOT NULL, usage_missing BIGINT DEFAULT '0' NOT
  NULL, input_tokens BIGINT DEFAULT '0' NOT NULL, output_tokens BIGINT DEFAULT '0' NOT NULL, cache_read_tokens BIGINT
  DEFAULT '0' NOT NULL, cache_write_tokens BIGINT DEFAULT '0' NOT NULL, cache_write_1h_tokens BIGINT DEFAULT '0' NOT
  NULL, reasoning_tokens BIGINT DEFAULT '0' NOT NULL, input_audio_tokens BIGINT DEFAULT '0' NOT NULL,
  output_audio_tokens BIGINT DEFAULT '0' NOT NULL, input_image_tokens BIGINT DEFAULT '0' NOT NULL, output_image_tokens
  BIGINT DEFAULT '0' NOT NULL, web_searches BIGINT DEFAULT '0' NOT NULL, cost BIGINT DEFAULT '0' NOT NULL, input_cost
  BIGINT DEFAULT '0' NOT NULL, cache_read_cost BIGINT DEFAULT '0' NOT NULL, cache_write_cost BIGINT DEFAULT '0' NOT
  NULL, output_cost BIGINT DEFAULT '0' NOT NULL, reasoning_cost BIGINT DEFAULT '0' NOT NULL, audio_cost BIGINT DEFAULT
  '0' NOT NULL, image_cost BIGINT DEFAULT '0' NOT NULL, request_cost BIGINT DEFAULT '0' NOT NULL, tool_cost BIGINT
  DEFAULT '0' NOT NULL, duration BIGINT DEFAULT '0' NOT NULL, timed BIGINT DEFAULT '0' NOT NULL, time_to_first_token
  BIGINT DEFAULT '0' NOT NULL, first_tokens BIGINT DEFAULT '0' NOT NULL, speed_tokens BIGINT DEFAULT '0' NOT NULL,
  speed_time BIGINT DEFAULT '0' NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL, operation INTEGER NOT NULL,
  status INTEGER NOT NULL, cost_status INTEGER NOT NULL, app_user INTEGER NOT NULL, slot INTEGER NOT NULL, group_name
  INTEGER NOT NULL, feature INTEGER NOT NULL, error_type INTEGER NOT NULL, PRIMARY KEY (app_user, slot, group_name,
  feature, provider, model, operation, status, cost_status, error_type) ) WITHOUT ROWID;
CREATE TABLE sealed_day ( day INTEGER NOT NULL, sealed_at BIGINT NOT NULL, generations BIGINT NOT NULL, cost BIGINT
  NOT NULL, digest VARCHAR NOT NULL, PRIMARY KEY (day) );
CREATE TABLE session ( id INTEGER NOT NULL, session_id VARCHAR NOT NULL, app_user INTEGER, started_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL, generations BIGINT DEFAULT '0' NOT NULL, errors BIGINT DEFAULT '0' NOT NULL, input_tokens
  BIGINT DEFAULT '0' NOT NULL, output_tokens BIGINT DEFAULT '0' NOT NULL, cost BIGINT DEFAULT '0' NOT NULL,
  simulated_cost BIGINT DEFAULT '0' NOT NULL, unpriced BIGINT DEFAULT '0' NOT NULL, PRIMARY KEY (id), UNIQUE
  (session_id) );
CREATE INDEX session_started ON session (started_at);
CREATE INDEX session_user ON session (app_user, started_at) WHERE app_user IS NOT NULL;
CREATE TABLE sketch_day ( provider INTEGER NOT NULL, model INTEGER NOT NULL, operation INTEGER NOT NULL, status
  INTEGER NOT NULL, cost_status INTEGER NOT NULL, duration BLOB, time_to_first_token BLOB, cost BLOB, slot INTEGER NOT
  NULL, PRIMARY KEY (slot, provider, model, operation, status, cost_status) ) WITHOUT ROWID;
CREATE TABLE sketch_feature_day ( provider INTEGER NOT NULL, model INTEGER NOT NULL, operation INTEGER NOT NULL,
  status INTEGER NOT NULL, cost_status INTEGER NOT NULL, duration BLOB, time_to_first_token BLOB, cost BLOB, slot
  INTEGER NOT NULL, feature INTEGER NOT NULL, PRIMARY KEY (slot, feature, provider, model, operation, status,
  cost_status) ) WITHOUT ROWID;
CREATE TABLE sketch_group_day ( provider INTEGER NOT NULL, model INTEGER NOT NULL, operation INTEGER NOT NULL, status
  INTEGER NOT NULL, cost_status INTEGER NOT NULL, duration BLOB, time_to_first_token BLOB, cost BLOB, group_name INTEGER
  NOT NULL, slot INTEGER NOT NULL, PRIMARY KEY (group_name, slot, provider, model, operation, status, cost_status) )
  WITHOUT ROWID;
CREATE TABLE sketch_hour ( provider INTEGER NOT NULL, model INTEGER NOT NULL, operation INTEGER NOT NULL, status
  INTEGER NOT NULL, cost_status INTEGER NOT NULL, duration BLOB, time_to_first_token BLOB, cost BLOB, slot INTEGER NOT
  NULL, PRIMARY KEY (slot, provider, model, operation, status, cost_status) ) WITHOUT ROWID;
CREATE TABLE span ( id INTEGER NOT NULL, trace INTEGER NOT NULL, parent_id BIGINT, name VARCHAR NOT NULL, started_at
  BIGINT NOT NULL, duration BIGINT NOT NULL, app_user INTEGER, session INTEGER, error VARCHAR, PRIMARY KEY (id) );
CREATE INDEX span_trace ON span (trace);
CREATE TABLE state ( "key" VARCHAR NOT NULL, value BIGINT NOT NULL, PRIMARY KEY ("key") );
CREATE TABLE trace ( id INTEGER NOT NULL, trace_id VARCHAR NOT NULL, name VARCHAR, app_user INTEGER, session INTEGER,
  started_at BIGINT NOT NULL, ended_at BIGINT NOT NULL, generations BIGINT DEFAULT '0' NOT NULL, errors BIGINT DEFAULT
  '0' NOT NULL, input_tokens BIGINT DEFAULT '0' NOT NULL, output_tokens BIGINT DEFAULT '0' NOT NULL, cost BIGINT DEFAULT
  '0' NOT NULL, simulated_cost BIGINT DEFAULT '0' NOT NULL, unpriced BIGINT DEFAULT '0' NOT NULL, PRIMARY KEY (id),
  UNIQUE (trace_id) );
CREATE INDEX trace_session ON trace (session, started_at) WHERE session IS NOT NULL;
CREATE INDEX trace_started ON trace (started_at);
CREATE INDEX trace_user ON trace (app_user, started_at) WHERE app_user IS NOT NULL;
CREATE TABLE unindexed ( id INTEGER NOT NULL, PRIMARY KEY (id) );
CREATE TABLE message ( id INTEGER NOT NULL, conversation_id BIGINT NOT NULL, parent_id BIGINT, role VARCHAR NOT NULL,
  content JSON, provider VARCHAR, model VARCHAR, trace_id VARCHAR, status VARCHAR, error VARCHAR, created_at BIGINT NOT
  NULL, meta JSON, PRIMARY KEY (id), FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE );
CREATE INDEX message_conversation ON message (conversation_id, id);
CREATE INDEX message_trace ON message (trace_id) WHERE trace_id IS NOT NULL;
CREATE TABLE attachment ( id INTEGER NOT NULL, message_id BIGINT NOT NULL, media_type VARCHAR NOT NULL, name VARCHAR,
  size BIGINT NOT NULL, sha256 VARCHAR NOT NULL, content BLOB, thumbnail BLOB, PRIMARY KEY (id), FOREIGN KEY(message_id)
  REFERENCES message (id) ON DELETE CASCADE );
CREATE INDEX attachment_message ON attachment (message_id);
CREATE INDEX attachment_sha256 ON attachment (sha256);
CREATE VIRTUAL TABLE generation_search USING fts5 (words, content='', tokenize='unicode61 remove_diacritics 0');
CREATE VIRTUAL TABLE message_search USING fts5 (words, content='', tokenize='unicode61 remove_diacritics 0');
CREATE VIEW generations AS
SELECT g.id, strftime('%Y-%m-%dT%H:%M:%fZ', ((g.id >> 12) + 1577836800000000) / 1000000.0, 'unixepoch') AS started_at, u.user_id, s.session_id, t.trace_id,
  feature.text AS feature, grp.text AS group_name, provider.text AS provider, operation.text AS operation, model.text AS model,
  status.text AS status, error.text AS error_type, g.http_status, g.attempts, g.streamed, g.duration AS duration_us,
  g.time_to_first_token AS time_to_first_token_us, g.input_tokens, g.output_tokens, g.cache_read_tokens, g.cache_write_tokens,
  g.reasoning_tokens, cost_status.text AS cost_status, g.cost AS cost_nanodollars, p.properties, g.response_id, g.request_id
FROM generation g
  JOIN name provider ON provider.id = g.provider
  JOIN name operation ON operation.id = g.operation
  JOIN name status ON status.id = g.status
  JOIN name cost_status ON cost_status.id = g.cost_status
  LEFT JOIN name model ON model.id = g.model
  LEFT JOIN name feature ON feature.id = g.feature
  LEFT JOIN name grp ON grp.id = g.group_name
  LEFT JOIN name error ON error.id = g.error_type
  LEFT JOIN app_user u ON u.id = g.app_user
  LEFT JOIN session s ON s.id = g.session
  LEFT JOIN trace t ON t.id = g.trace
  LEFT JOIN property_set p ON p.id = g.property_set;
