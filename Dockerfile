# syntax=docker/dockerfile:1
# One image for the three services and the init job; the command says which one runs.

# Everything, to build the pages.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npx vite build dashboard

# What runs in production, nothing else.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

# The last stage has neither npm nor a compiler: node, our sources, their dependencies.
FROM node:24-bookworm-slim
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn* \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg
WORKDIR /app
ENV NODE_ENV=production
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY contracts ./contracts
COPY streams ./streams
COPY platform ./platform
COPY db ./db
COPY readmodel ./readmodel
COPY ingestor ./ingestor
COPY processor ./processor
COPY api ./api
COPY scripts ./scripts
COPY --from=build /app/dashboard/dist ./dashboard/dist
USER node
# Each service answers on its own port; the compose file says which command runs here.
CMD ["node", "api/main.ts"]
