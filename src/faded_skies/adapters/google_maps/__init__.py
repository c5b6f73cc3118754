"""Google Maps over plain HTTP: addresses by the Geocoding API and the Places API (New), drives by the Routes API."""
