"""An OSRM server: drives by the streets of OpenStreetMap, over HTTP."""
