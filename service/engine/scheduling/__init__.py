"""Who runs when: admission, deadlines, budgets, lanes and futures."""
