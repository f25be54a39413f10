"""From passages to an answer whose every statement is cited and checked."""
