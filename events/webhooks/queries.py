"""How late deliveries come."""

# Walks the index of arrivals backwards and stops at the limit. Source webhook: what others brought first is older news.
LAGS = """
SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY lag), percentile_cont(0.95) WITHIN GROUP (ORDER BY lag)
FROM (SELECT extract(epoch FROM received_at - timestamp) + %(offset)s AS lag FROM events_lifecycleevent
      WHERE account_id = %(account)s AND received_at >= %(since)s AND source = 'webhook'
      ORDER BY received_at DESC LIMIT %(limit)s) latest"""
