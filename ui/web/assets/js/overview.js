/* The overview of the folder; what opens from it opens in the source pane. */

views.overview = { title: 'Overview', opened: () => trigger('overview', {}) };
