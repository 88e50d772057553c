"""Running programs: the kernel, pipelines, budgets, events and supervision."""
