"""The same app and the same functions under Ray: Serve for traffic, Data for archives."""
