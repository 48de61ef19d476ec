-- How connections have fared in the last day.
SELECT connection, organization, started, succeeded, failed, timed_out, commonest_error
FROM main.authz_sso_report(strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 day'))
WHERE failed + timed_out > 0
ORDER BY failed + timed_out DESC, connection
LIMIT 5
