# syntax=docker/dockerfile:1
# One image for the four services and the jobs; the command says which one runs.
ARG NODE=24.19.0-bookworm-slim

# Everything, to build the pages.
FROM node:${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npx vite build dashboard

# What runs in production, nothing else.
FROM node:${NODE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

# The last stage has neither npm nor a compiler: node, our sources, their dependencies.
FROM node:${NODE}
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn* \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg
WORKDIR /app
# Settings are variables here: there is no .env, and no stack runs beside.
ENV NODE_ENV=production ENV_FILE=none
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY contracts ./contracts
COPY streams ./streams
COPY platform ./platform
COPY db ./db
COPY readmodel ./readmodel
COPY ingestor ./ingestor
COPY processor ./processor
COPY worker ./worker
COPY schedule ./schedule
COPY api ./api
COPY scripts ./scripts
COPY --from=build /app/dashboard/dist ./dashboard/dist
USER node
# Each service answers on its own port; the compose file says which command runs here.
CMD ["node", "api/main.ts"]
