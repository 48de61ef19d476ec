-- The world in PostgreSQL: tables as an application would have them, an index for each question.
CREATE TABLE workspaces (id bigint PRIMARY KEY, organization_id bigint NOT NULL);
CREATE TABLE projects (id bigint PRIMARY KEY, workspace_id bigint NOT NULL);
CREATE TABLE folders (id bigint PRIMARY KEY, project_id bigint, folder_id bigint);
CREATE TABLE documents (id bigint PRIMARY KEY, project_id bigint NOT NULL, folder_id bigint, edited_at bigint NOT NULL);
CREATE TABLE members (group_id text NOT NULL, subject text NOT NULL, PRIMARY KEY (subject, group_id));
CREATE TABLE grants (subject text NOT NULL, resource_type text NOT NULL, resource_id bigint NOT NULL, PRIMARY KEY (subject, resource_type, resource_id));
