/* The Evals view; what opens from it opens in the source pane. */

views.evals = { title: 'Evals', opened: () => trigger('evals', {}) };
