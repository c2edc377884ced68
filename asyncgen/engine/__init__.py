"""Run rows through a bounded pool of workers into ordered, durable outputs."""
