"""Google Maps: addresses located by the Geocoding API and completed by the Places API (New), over plain HTTP."""
