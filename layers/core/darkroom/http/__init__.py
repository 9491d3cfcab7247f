"""The REST API: requests of API Gateway in, answers out. `routes.build` makes the resolver; handlers call it."""
