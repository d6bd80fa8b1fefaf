package telemetry

// RouteOf is for tests.
func RouteOf(path string) string { return routeOf(path) }
